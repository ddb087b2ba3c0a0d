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
	"strings"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

// download is one file on its way from its places into its partial file.
type download struct {
	f        *Fetcher
	file     File
	part     *part
	received int64
	tried    []Attempt
}

var (
	errAbsent   = errors.New("not there")
	errMismatch = errors.New("different file")
)

// permanent marks an answer that asking again will not change.
type permanent struct{ error }

// run tries each place until the partial file is complete and right.
func (d *download) run(ctx context.Context) error {
	var mismatch *ChecksumError
	absentEverywhere := true
	if d.complete() {
		return nil
	}
	for _, l := range d.f.locate(d.file) {
		err := d.from(ctx, l)
		if err == nil {
			return nil
		}
		var disk *DiskError
		if errors.As(err, &disk) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if l.Local != "" && errors.Is(err, errAbsent) {
			continue // a folder without the file is no news
		}
		var sum *ChecksumError
		switch {
		case errors.As(err, &sum):
			mismatch = sum
		case !errors.Is(err, errAbsent):
			absentEverywhere = false
		}
		d.tried = append(d.tried, Attempt{Place: place(l), Result: reason(err)})
	}
	switch {
	case mismatch != nil:
		mismatch.Tried = d.tried
		return mismatch
	case absentEverywhere:
		return &NotFoundError{File: d.file, Tried: d.tried}
	}
	return &UnreachableError{File: d.file, Tried: d.tried}
}

func (d *download) complete() bool {
	return d.part.size > 0 && d.part.checksum() == d.file.SHA256
}

// from gets the file from one place, in several attempts if need be.
func (d *download) from(ctx context.Context, l mirror.Location) error {
	pause := d.f.o.Backoff
	for attempt := 1; ; {
		resumed, before := d.part.size > 0, d.part.size
		err := d.once(ctx, l)
		if err == nil && d.complete() {
			return nil
		}
		var disk *DiskError
		var perm permanent
		switch {
		case err == nil || errors.Is(err, errMismatch):
			got := "sha256 " + d.part.checksum()
			if err != nil {
				got = strings.TrimPrefix(err.Error(), errMismatch.Error()+": ")
			}
			if err := d.part.reset(); err != nil {
				return diskError(d.part.path, err)
			}
			// The bytes of an earlier run may be the wrong ones: once more
			// from the start.
			if resumed {
				continue
			}
			return &ChecksumError{File: d.file, Place: l.String(), Got: strings.TrimPrefix(got, "sha256 ")}
		case errors.As(err, &disk), ctx.Err() != nil, errors.As(err, &perm), errors.Is(err, errAbsent):
			return err
		}
		// What moved forward deserves another try; a server that only ever
		// gives a byte does not get for ever.
		if d.part.size-before < 1<<20 {
			attempt++
		}
		if attempt > d.f.o.Attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
			pause = min(2*pause, 30*time.Second)
		}
	}
}

// once opens the place at the end of what is there already and reads it to
// its end.
func (d *download) once(ctx context.Context, l mirror.Location) error {
	if l.Local != "" {
		return d.copyLocal(l.Local)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// No byte for a while: the connection is dead.
	stall := time.AfterFunc(d.f.o.Stall, func() { cancel(fmt.Errorf("no data for %s", d.f.o.Stall)) })
	defer stall.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL, nil)
	if err != nil {
		return permanent{errors.New("not a usable address")}
	}
	req.Header.Set("User-Agent", "tidelock")
	if d.part.size > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.part.size))
	}
	resp, err := d.f.o.Client.Do(req)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	if err := d.accept(resp); err != nil {
		return err
	}
	return d.copy(ctx, resp.Body, func() { stall.Reset(d.f.o.Stall) })
}

// accept looks at the status and puts the partial file where the body starts.
func (d *download) accept(resp *http.Response) error {
	switch c := resp.StatusCode; {
	case c == http.StatusOK:
		if d.part.size > 0 { // it does not do ranges
			if err := d.part.reset(); err != nil {
				return diskError(d.part.path, err)
			}
		}
	case c == http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", d.part.size); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
			return permanent{fmt.Errorf("answered the range %q for %q", resp.Header.Get("Content-Range"), want)}
		}
	case c == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: it ends at or before byte %d", errMismatch, d.part.size)
	case c == http.StatusNotFound || c == http.StatusGone:
		return fmt.Errorf("%w: %s", errAbsent, resp.Status)
	case c == http.StatusTooManyRequests || c == http.StatusRequestTimeout || c >= 500:
		return errors.New(resp.Status)
	default:
		return permanent{errors.New(resp.Status)}
	}
	if n := resp.ContentLength; n >= 0 && d.file.Size > 0 && d.part.size+n != d.file.Size {
		return fmt.Errorf("%w: a file of %d bytes, not %d", errMismatch, d.part.size+n, d.file.Size)
	}
	return nil
}

func (d *download) copy(ctx context.Context, body io.Reader, alive func()) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			alive()
			d.received += int64(n)
			if d.file.Size > 0 && d.part.size+int64(n) > d.file.Size {
				return fmt.Errorf("%w: more than %d bytes", errMismatch, d.file.Size)
			}
			if _, err := d.part.Write(buf[:n]); err != nil {
				return &DiskError{Path: d.part.path, Err: err}
			}
			d.f.tell(Event{File: d.file, Received: d.received})
		}
		switch {
		case err == io.EOF && d.file.Size > 0 && d.part.size < d.file.Size:
			return fmt.Errorf("ended after %d of %d bytes", d.part.size, d.file.Size)
		case err == io.EOF:
			return nil
		case err != nil:
			return cause(ctx, err)
		}
	}
}

func (d *download) copyLocal(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: no such file", errAbsent)
	}
	if err != nil {
		return permanent{err}
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return permanent{errors.New("not a regular file")}
	}
	if err := d.part.reset(); err != nil {
		return diskError(d.part.path, err)
	}
	received := d.received
	err = d.copy(context.Background(), f, func() {})
	d.received = received // nothing came over the network
	if err != nil && !errors.Is(err, errMismatch) {
		var disk *DiskError
		if !errors.As(err, &disk) {
			return fmt.Errorf("%w: %v", errMismatch, err)
		}
	}
	return err
}

// cause prefers the reason why the request was given up over the consequence.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// place names a location in an error message without its long path.
func place(l mirror.Location) string {
	if l.Local != "" {
		return l.Local
	}
	if l.Origin == "snapshot" {
		return "snapshot.debian.org"
	}
	return l.String()
}

// reason shortens an error to what one attempt's note needs.
func reason(err error) string {
	var sum *ChecksumError
	if errors.As(err, &sum) {
		return "checksum differs"
	}
	s := strings.TrimPrefix(err.Error(), errAbsent.Error()+": ")
	if i := strings.LastIndex(s, ": "); i >= 0 && strings.HasPrefix(s, "Get ") {
		s = s[i+2:] // the address stands before it already
	}
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return s
}
