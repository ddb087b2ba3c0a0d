// SPDX-License-Identifier: Apache-2.0

// Package deb reads Debian binary packages as streams. A package is input
// from outside: names that lead out of the folder it is unpacked to, sizes
// beyond reason and truncation are errors, never surprises.
package deb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
)

// Limits of a package's contents, far above any real package.
const (
	maxEntries = 2_000_000
	maxBytes   = 64 << 30
	maxName    = 4096
	maxControl = 64 << 20
	maxWindow  = 128 << 20
)

// Kind says what an entry of a package is.
type Kind uint8

// The kinds that packages contain.
const (
	File Kind = iota
	Dir
	Symlink
	// Hardlink is another name of a file that came earlier.
	Hardlink
)

func (k Kind) String() string {
	return [...]string{"file", "folder", "symbolic link", "hard link"}[k]
}

// Entry is a file, folder or link that a package brings.
type Entry struct {
	// Name is the path below the root, clean, without a slash at either end;
	// the root itself is ".".
	Name string
	Kind Kind
	// Mode holds the permission bits.
	Mode fs.FileMode
	// Size of a file's contents.
	Size int64
	// Link is where a link leads: for a hard link a clean path below the
	// root, for a symbolic link the text as it stands in the package, which
	// may be absolute or lead anywhere.
	Link string
}

// Walk calls f for each entry of the package in its order. body holds the
// contents of a file and ends with f. When f returns fs.SkipAll the walk ends
// without an error and the rest of the package is not read.
func Walk(r io.Reader, f func(e *Entry, body io.Reader) error) error {
	return member(r, "data.tar", func(r io.Reader) error { return walkTar(r, f) })
}

// WalkFile is Walk for a package in a file; errors name it.
func WalkFile(name string, f func(e *Entry, body io.Reader) error) error {
	return open(name, func(r io.Reader) error { return Walk(r, f) })
}

// Control returns the files of the package's control part by their name:
// "control", "md5sums", maintainer scripts and so on.
func Control(r io.Reader) (map[string][]byte, error) {
	out := map[string][]byte{}
	total := int64(0)
	err := member(r, "control.tar", func(r io.Reader) error {
		return walkTar(r, func(e *Entry, body io.Reader) error {
			if e.Kind != File {
				return nil
			}
			if total += e.Size; total > maxControl {
				return fmt.Errorf("control files of more than %d bytes", maxControl)
			}
			data, err := io.ReadAll(body)
			out[e.Name] = data
			return err
		})
	})
	if err == nil && out["control"] == nil {
		err = errors.New("it has no control file")
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ControlFile is Control for a package in a file; errors name it.
func ControlFile(name string) (files map[string][]byte, err error) {
	err = open(name, func(r io.Reader) (err error) {
		files, err = Control(r)
		return err
	})
	return files, err
}

func open(name string, f func(io.Reader) error) error {
	r, err := os.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := f(r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// member finds the tar archive of the given name, whatever its compression,
// and has f read it.
func member(r io.Reader, want string, f func(io.Reader) error) error {
	a, err := newArReader(r)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		name, body, err := a.next()
		if err == io.EOF {
			return fmt.Errorf("not a Debian package: it has no %s", want)
		}
		if err != nil {
			return err
		}
		if first {
			text, err := io.ReadAll(io.LimitReader(body, 16))
			if err != nil {
				return err
			}
			if name != "debian-binary" || !bytes.HasPrefix(text, []byte("2.")) {
				return errors.New("not a Debian package of format 2")
			}
			continue
		}
		if stem, suffix := name, ""; strings.HasPrefix(name, want) {
			stem, suffix = name[:len(want)], name[len(want):]
			t, done, err := decompress(body, suffix)
			if err != nil {
				return fmt.Errorf("%s%s: %w", stem, suffix, err)
			}
			defer done()
			if err := f(t); err != nil && err != fs.SkipAll {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
	}
}

func decompress(r io.Reader, suffix string) (io.Reader, func(), error) {
	nothing := func() {}
	switch suffix {
	case "":
		return r, nothing, nil
	case ".xz":
		x, err := xz.NewReader(r)
		return x, nothing, err
	case ".gz":
		z, err := gzip.NewReader(r)
		return z, nothing, err
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nothing, err
		}
		return z, z.Close, nil
	}
	return nil, nothing, fmt.Errorf("compression %q is not known (known: .xz, .zst, .gz)", suffix)
}

func walkTar(r io.Reader, f func(*Entry, io.Reader) error) error {
	t := tar.NewReader(r)
	var count int
	var total int64
	for {
		h, err := t.Next()
		if err == io.EOF {
			// What follows the end mark is padding; reading it lets the
			// decompressor see its own checksum.
			_, err = io.Copy(io.Discard, io.LimitReader(r, 1<<20))
			return err
		}
		if err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		e, err := entry(h)
		if err != nil {
			return err
		}
		if count++; count > maxEntries {
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		if total += e.Size; total > maxBytes {
			return fmt.Errorf("contents of more than %d bytes", int64(maxBytes))
		}
		if err := f(e, t); err != nil {
			return err
		}
	}
}

func entry(h *tar.Header) (*Entry, error) {
	e := &Entry{Mode: fs.FileMode(h.Mode) & fs.ModePerm}
	var err error
	if e.Name, err = clean(h.Name); err != nil {
		return nil, err
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		e.Kind, e.Size = File, h.Size
		if h.Size < 0 || h.Size > maxBytes {
			return nil, fmt.Errorf("%q has a size of %d bytes", h.Name, h.Size)
		}
	case tar.TypeDir:
		e.Kind = Dir
	case tar.TypeSymlink:
		e.Kind, e.Link = Symlink, h.Linkname
		if h.Linkname == "" || len(h.Linkname) > maxName || strings.ContainsRune(h.Linkname, 0) {
			return nil, fmt.Errorf("the link %q leads to %.80q", h.Name, h.Linkname)
		}
	case tar.TypeLink:
		e.Kind = Hardlink
		if e.Link, err = clean(h.Linkname); err != nil {
			return nil, fmt.Errorf("the hard link %q: %w", h.Name, err)
		}
	default:
		return nil, fmt.Errorf("%q is of type %q, which no package of ours may contain", h.Name, h.Typeflag)
	}
	if e.Name == "." && e.Kind != Dir {
		return nil, fmt.Errorf("the root folder is a %s", e.Kind)
	}
	return e, nil
}

// clean turns the ways of writing a path below the root into one, and refuses
// what leads elsewhere.
func clean(name string) (string, error) {
	p := strings.TrimPrefix(name, "./")
	if p == "" && name != "" {
		return ".", nil
	}
	p = path.Clean(p)
	if name == "" || len(name) > maxName || strings.ContainsRune(name, 0) || strings.Contains("/"+name+"/", "/../") || !filepath.IsLocal(p) {
		return "", fmt.Errorf("the name %.80q leads out of the package", name)
	}
	return p, nil
}
