// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/u-root/u-root/pkg/cpio"
)

// Layer is an archive that Write has made, read back; folders are among the entries.
type Layer struct {
	// Name is how messages call it.
	Name    string
	Entries []Entry
}

// ReadLayer reads a layer.
func ReadLayer(file string) (*Layer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	entries, err := readLayer(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", file, err)
	}
	return &Layer{Name: filepath.Base(file), Entries: entries}, nil
}

func readLayer(data []byte) ([]Entry, error) {
	var entries []Entry
	for r := cpio.Newc.Reader(bytes.NewReader(data)); ; {
		rec, err := r.ReadRecord()
		if errors.Is(err, io.EOF) {
			// The trailer ends in EOF as well, and so does a file that is cut off before it.
			if !bytes.HasSuffix(bytes.TrimRight(data, "\x00"), []byte(cpio.Trailer)) {
				return nil, errors.New("the archive is cut off: it has no trailer")
			}
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		if !filepath.IsLocal(rec.Name) || path.Clean(rec.Name) != rec.Name {
			return nil, fmt.Errorf("the path %q is not a clean one below /", rec.Name)
		}
		e := Entry{Path: "/" + rec.Name, Mode: uint32(rec.Mode & 0o7777)}
		if rec.FileSize > uint64(len(data)) {
			return nil, fmt.Errorf("%s has %d bytes, more than the archive", rec.Name, rec.FileSize)
		}
		content := make([]byte, rec.FileSize)
		if rec.ReaderAt != nil {
			if _, err := io.ReadFull(io.NewSectionReader(rec, 0, int64(rec.FileSize)), content); err != nil {
				return nil, fmt.Errorf("%s: %v", rec.Name, err)
			}
		}
		switch rec.Mode & cpio.S_IFMT {
		case cpio.S_IFDIR:
			e.Dir = true
		case cpio.S_IFLNK:
			e.Link, e.Mode = string(content), 0
		case cpio.S_IFREG:
			e.Content = content
		default:
			return nil, fmt.Errorf("%s is of type %#o, which no layer has", rec.Name, rec.Mode&cpio.S_IFMT)
		}
		entries = append(entries, e)
	}
}

// Merge puts layers and the test's own entries together. A path of two layers must
// be the same in both, and the test may not replace a layer's file: which of two
// versions a guest gets must not depend on an order. Own paths that lead through a
// layer's links (/sbin is one in Debian) end where the links lead.
func Merge(layers []*Layer, own []Entry) ([]Entry, error) {
	type origin struct {
		Entry
		layer string
	}
	all := map[string]origin{}
	var out []Entry
	links := map[string]string{}
	for _, layer := range layers {
		for _, e := range layer.Entries {
			have, there := all[e.Path]
			switch {
			case !there:
				all[e.Path] = origin{e, layer.Name}
				out = append(out, e)
				if e.Link != "" {
					links[e.Path] = e.Link
				}
			case !same(have.Entry, e):
				return nil, fmt.Errorf("%s is %s in %s and %s in %s: they cannot be in one guest", e.Path, describe(have.Entry), have.layer, describe(e), layer.Name)
			}
		}
	}
	for _, e := range own {
		p, err := throughLinks(links, e.Path)
		if err != nil {
			return nil, err
		}
		e.Path = p
		have, there := all[p]
		switch {
		case !there:
			out = append(out, e)
		case e.Dir && have.Dir && (e.Mode == 0 || e.Mode == have.Mode):
			// The folder is there already.
		default:
			return nil, fmt.Errorf("%s of the test is %s in %s already", p, describe(have.Entry), have.layer)
		}
	}
	return out, nil
}

func same(a, b Entry) bool {
	return a.Dir == b.Dir && a.Link == b.Link && a.Mode == b.Mode && bytes.Equal(a.Content, b.Content)
}

func describe(e Entry) string {
	switch {
	case e.Dir:
		return fmt.Sprintf("a folder (%#o)", e.Mode)
	case e.Link != "":
		return "a link to " + e.Link
	}
	return fmt.Sprintf("a file of %d bytes (%#o)", len(e.Content), e.Mode)
}

// throughLinks replaces the folders above p that are links by what they lead to.
func throughLinks(links map[string]string, p string) (string, error) {
	p = path.Clean(p)
	dir, err := Follow(path.Dir(p), func(at string) (string, bool) {
		target, ok := links[at]
		return target, ok
	})
	if err != nil {
		return "", fmt.Errorf("%s: the links above it never end", p)
	}
	return path.Join(dir, path.Base(p)), nil
}
