// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// pinAttempts is how often the download of an unpinned file is tried.
const pinAttempts = 4

// pinTimeout bounds one download; the largest header package has 30 MB.
const pinTimeout = 15 * time.Minute

// pin completes a package whose checksum the crawl does not carry: it downloads
// the file, hashes it and leaves it in the cache of pinned files. This is trust
// on first use; from then on the lock holds the checksum.
func (b *builder) pin(ctx context.Context, pkg crawler.Package, at mirror.Location) (crawler.Package, error) {
	var known checksum
	key := pkg.Ref()
	if b.cache.load("pinned", key, &known) && crawler.IsSHA256(known.SHA256) {
		pkg.SHA256, pkg.Size = known.SHA256, known.Size
		return pkg, nil
	}
	var (
		sum  checksum
		last error
	)
	for attempt := range pinAttempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return pkg, context.Cause(ctx)
			case <-time.After(time.Second << (attempt - 1)):
			}
		}
		var retry bool
		sum, retry, last = b.download(ctx, at)
		if last == nil || !retry || ctx.Err() != nil {
			break
		}
	}
	if last != nil {
		return pkg, fmt.Errorf("%s: downloading to find its checksum: %w", crawler.Redact(at.String()), last)
	}
	b.cache.store("pinned", key, sum)
	pkg.SHA256, pkg.Size = sum.SHA256, sum.Size
	return pkg, nil
}

// download copies a file into the cache of pinned files under its checksum.
func (b *builder) download(ctx context.Context, at mirror.Location) (sum checksum, retry bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pinTimeout)
	defer cancel()
	body, length, err := b.openAt(ctx, at)
	if err != nil {
		var status *statusError
		return sum, !errors.As(err, &status) || status.code >= 500, err
	}
	defer body.Close()
	dir := filepath.Dir(filepath.Dir(b.o.Fetcher.Path("00"))) // …/sha256
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return sum, false, err
	}
	tmp, err := os.CreateTemp(dir, ".unpinned-*")
	if err != nil {
		return sum, false, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, tmp), body)
	if err != nil {
		return sum, true, err
	}
	if length >= 0 && n != length {
		return sum, true, fmt.Errorf("it ended after %d of %d bytes", n, length)
	}
	if err := tmp.Close(); err != nil {
		return sum, false, err
	}
	sum = checksum{hex.EncodeToString(hash.Sum(nil)), n}
	final := b.o.Fetcher.Path(sum.SHA256)
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return sum, false, err
	}
	if err := os.Chmod(tmp.Name(), 0o644); err != nil {
		return sum, false, err
	}
	return sum, false, os.Rename(tmp.Name(), final)
}

// statusError is an answer of a server that is not the file.
type statusError struct{ code int }

func (e *statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
}

// openAt opens a place; the length is -1 if it is not known.
func (b *builder) openAt(ctx context.Context, at mirror.Location) (io.ReadCloser, int64, error) {
	if at.Local != "" {
		f, err := os.Open(at.Local)
		return f, -1, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.URL, nil)
	if err != nil {
		return nil, 0, err
	}
	resp, err := b.probe.client.Do(req)
	if err != nil {
		return nil, 0, errors.Unwrap(err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, 0, &statusError{resp.StatusCode}
	}
	return resp.Body, resp.ContentLength, nil
}
