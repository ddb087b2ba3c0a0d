// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// part is a download under way: a file beside its final name, locked against
// other processes, and the checksum of what it holds so far.
type part struct {
	f    *os.File
	path string
	sum  hash.Hash
	size int64
}

// openPart opens or takes up the partial file and waits until it is ours.
func openPart(ctx context.Context, p string) (*part, error) {
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(p, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := lock(ctx, f); err != nil {
			f.Close()
			return nil, err
		}
		// The one who had the lock before may have given the file its final
		// name; then this is no longer the partial file. The caller looks
		// for the final one after this.
		if !same(f, p) {
			f.Close()
			continue
		}
		x := &part{f: f, path: p, sum: sha256.New()}
		if x.size, err = io.Copy(x.sum, f); err != nil {
			f.Close()
			return nil, err
		}
		return x, nil
	}
}

func lock(ctx context.Context, f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func same(f *os.File, p string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(p)
	return err == nil && os.SameFile(a, b)
}

// Write appends to the partial file.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.f.Write(b)
	p.sum.Write(b[:n])
	p.size += int64(n)
	return n, err
}

// reset throws away what was downloaded.
func (p *part) reset() error {
	p.sum.Reset()
	p.size = 0
	if err := p.f.Truncate(0); err != nil {
		return err
	}
	_, err := p.f.Seek(0, io.SeekStart)
	return err
}

func (p *part) checksum() string { return hex.EncodeToString(p.sum.Sum(nil)) }

// publish gives the complete file its final name.
func (p *part) publish(final string) error {
	err := p.f.Chmod(0o444)
	if err == nil {
		err = p.f.Sync()
	}
	if err == nil {
		err = os.Rename(p.path, final)
	}
	if err != nil {
		return diskError(final, err)
	}
	return nil
}

// close lets go of the file; an empty one is not left behind.
func (p *part) close() {
	if p.size == 0 && same(p.f, p.path) {
		os.Remove(p.path)
	}
	p.f.Close()
}

// diskError wraps errors of the local file system, and only those.
func diskError(p string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	var se syscall.Errno
	if errors.As(err, &pe) || errors.As(err, &le) || errors.As(err, &se) {
		return &DiskError{Path: p, Err: err}
	}
	return err
}
