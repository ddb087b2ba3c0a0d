// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

// Read reads a file that is not pinned, such as the signed head of an index,
// from the first of the machine's mirrors that has it. It is not cached and
// must not be larger than limit. The caller has to verify what it says.
func (f *Fetcher) Read(ctx context.Context, archive, file string, limit int64) ([]byte, error) {
	var tried []Attempt
	absent := true
	for _, l := range f.o.Sources.Mirrors(archive, file) {
		data, err := f.readFrom(ctx, l, limit)
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		absent = absent && errors.Is(err, errAbsent)
		tried = append(tried, Attempt{Place: place(l), Result: reason(err)})
	}
	wanted := File{Archive: archive, Path: file}
	if absent && len(tried) > 0 {
		return nil, &AbsentError{Path: archive + ":" + file, Tried: tried}
	}
	return nil, &UnreachableError{File: wanted, Tried: tried}
}

// AbsentError says that each mirror answered that it does not have the file.
type AbsentError struct {
	Path  string
	Tried []Attempt
}

func (e *AbsentError) Error() string {
	return fmt.Sprintf("no mirror has %s: %s", e.Path, summary(e.Tried))
}

func (f *Fetcher) readFrom(ctx context.Context, l mirror.Location, limit int64) ([]byte, error) {
	if l.Local != "" {
		file, err := os.Open(l.Local)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: no such file", errAbsent)
		}
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return readLimited(file, limit)
	}
	pause := f.o.Backoff
	for attempt := 1; ; attempt++ {
		data, err := f.readOnce(ctx, l.URL, limit)
		var perm permanent
		if err == nil || attempt >= f.o.Attempts || errors.Is(err, errAbsent) || errors.As(err, &perm) {
			return data, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (f *Fetcher) readOnce(ctx context.Context, url string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*f.o.Stall, fmt.Errorf("no complete answer in %s", 2*f.o.Stall))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, permanent{errors.New("not a usable address")}
	}
	req.Header.Set("User-Agent", "tidelock")
	resp, err := f.o.Client.Do(req)
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer resp.Body.Close()
	switch c := resp.StatusCode; {
	case c == http.StatusOK:
	case c == http.StatusNotFound || c == http.StatusGone:
		return nil, fmt.Errorf("%w: %s", errAbsent, resp.Status)
	case c == http.StatusTooManyRequests || c == http.StatusRequestTimeout || c >= 500:
		return nil, errors.New(resp.Status)
	default:
		return nil, permanent{errors.New(resp.Status)}
	}
	return readLimited(resp.Body, limit)
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, permanent{fmt.Errorf("larger than %d bytes", limit)}
	}
	return data, nil
}
