// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// PublishedURL is where the Falco project publishes its daily crawl of an
// architecture.
func PublishedURL(arch string) string {
	return "https://falcosecurity.github.io/kernel-crawler/" + arch + "/list.json"
}

// fetchTimeout bounds one download of a list, which is a few megabytes long.
const fetchTimeout = 5 * time.Minute

// Open reads the list at a file name or an http(s) URL, plain or compressed
// with gzip. If the source is given as ARCH=SOURCE, that is its architecture;
// otherwise the list itself or its name must tell it.
func Open(ctx context.Context, source string) (*List, error) {
	arch, location := splitArch(source)
	r, err := openLocation(ctx, location)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	plain, err := decompress(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Redact(location), err)
	}
	list, err := Read(plain, Redact(location))
	if err != nil {
		return nil, err
	}
	return list, list.settleArch(arch, location)
}

// splitArch takes "x86_64=FILE" apart. A name that merely contains "=" is left alone.
func splitArch(source string) (arch, location string) {
	if before, after, ok := strings.Cut(source, "="); ok {
		if arch, err := CanonicalArch(before); err == nil {
			return arch, after
		}
	}
	return "", source
}

// settleArch decides of which architecture the list is: what the user said, or
// what the list says (the two must agree), or what the name says.
func (l *List) settleArch(said, location string) error {
	switch {
	case said != "" && l.Arch != "" && said != l.Arch:
		return fmt.Errorf("%s: the list says that it is of %s, but was given as %s", Redact(location), l.Arch, said)
	case said != "":
		l.Arch = said
	case l.Arch == "":
		l.Arch = ArchOfName(location)
	}
	if l.Arch == "" {
		return fmt.Errorf("%s: neither the list nor its name tells the architecture; give it as x86_64=%[1]s or aarch64=%[1]s", Redact(location))
	}
	return nil
}

func openLocation(ctx context.Context, location string) (io.ReadCloser, error) {
	if !strings.HasPrefix(location, "http://") && !strings.HasPrefix(location, "https://") {
		info, err := os.Stat(location)
		if err == nil && info.IsDir() {
			return nil, fmt.Errorf("%s: this is a folder; name the list in it", location)
		}
		f, err := os.Open(location)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file", location)
		}
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s: not a usable URL", Redact(location))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		cancel()
		var urlErr *url.Error
		if errors.As(err, &urlErr) {
			err = urlErr.Err // the text of *url.Error repeats the whole URL
		}
		return nil, fmt.Errorf("%s: fetching the list: %w", Redact(location), err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("%s: the server answers %q instead of a list", Redact(location), resp.Status)
	}
	return &body{resp.Body, cancel}, nil
}

// body frees the timeout of a download when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// decompress looks at the first bytes, not at the name: servers and people
// rename files.
func decompress(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	magic, err := buffered.Peek(2)
	if err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(buffered)
	}
	return buffered, nil
}

// Redact removes a password and the query from a URL, for use in messages.
func Redact(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return location
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// ReadAll reads a file or an http(s) URL whole, plain or compressed with gzip.
func ReadAll(ctx context.Context, location string) ([]byte, error) {
	r, err := openLocation(ctx, location)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	plain, err := decompress(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Redact(location), err)
	}
	data, err := io.ReadAll(io.LimitReader(plain, maxListBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: reading: %w", Redact(location), err)
	}
	if len(data) > maxListBytes {
		return nil, fmt.Errorf("%s: larger than %d bytes: this cannot be a list", Redact(location), maxListBytes)
	}
	return data, nil
}
