// SPDX-License-Identifier: Apache-2.0

// Package pack makes archives of a kernel's sources, in the form of packed
// headers, out of a source package: Debian's linux-source, or a source RPM.
//
// A kernel has ninety thousand files, of which a kernel for a virtual machine
// compiles a few thousand. Leaving out the rest once is cheaper than unpacking
// it for every kernel that is built.
package pack

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
	"github.com/tidelock/tidelock/toolchains/kernel/source/patch"
)

// Request says what to pack.
type Request struct {
	In   string                 // the source package; its first bytes say of which kind
	Out  string                 // archive to write (.tar.zst)
	Top  string                 // folder of the sources in it
	Keep func(name string) bool // wants a file; names are relative to the kernel's own top folder

	// Of a source RPM only:
	Tarball string            // name of the sources' archive in it, where that is not to be guessed
	Skip    map[string]string // patches that are not applied, by file or tag (Patch12), with why
}

// Pack packs a package of which nothing more has to be said.
func Pack(in, out, top string, keep func(name string) bool) error {
	return Request{In: in, Out: out, Top: top, Keep: keep}.Pack()
}

// What packages begin with.
const (
	magicDeb = "!<arch>\n"
	magicRPM = "\xed\xab\xee\xdb"
)

// Pack writes the archive. Errors name the package.
func (r Request) Pack() error {
	add, err := r.reader()
	if err != nil {
		return fmt.Errorf("%s: %w", r.In, err)
	}
	f, err := os.Create(r.Out)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	p := packer{Request: r, out: tar.NewWriter(z), tree: map[string]*patch.File{}}
	if err := add(&p); err != nil {
		return fmt.Errorf("%s: %w", r.In, err)
	}
	if p.kept == 0 {
		return fmt.Errorf("%s: no sources of a kernel inside; is it a linux-source package, or a kernel's source RPM?", r.In)
	}
	if err := p.out.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// reader chooses by a package's first bytes how it is read.
func (r Request) reader() (func(*packer) error, error) {
	f, err := os.Open(r.In)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [len(magicDeb)]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return nil, fmt.Errorf("it is truncated: %w", err)
	}
	switch {
	case strings.HasPrefix(string(head[:]), magicRPM):
		return (*packer).sourceRPM, nil
	case string(head[:]) != magicDeb:
		return nil, fmt.Errorf("neither a Debian package nor an RPM by its first bytes, %q", head[:])
	case r.Tarball != "" || len(r.Skip) > 0:
		return nil, errors.New("patches to be skipped, or a tarball, are named, and only a source RPM has such; leave that out")
	}
	return (*packer).debian, nil
}

// debian adds the sources of a linux-source package, which are patched.
func (p *packer) debian() error {
	return deb.WalkFile(p.In, func(e *deb.Entry, body io.Reader) error {
		if e.Kind != deb.File || !strings.HasSuffix(e.Name, ".tar.xz") {
			return nil
		}
		x, err := xz.NewReader(body)
		if err != nil {
			return err
		}
		return p.add(tar.NewReader(x))
	})
}

type packer struct {
	Request
	out  *tar.Writer
	kept int

	touched map[string]bool        // files that wait for their patches
	tree    map[string]*patch.File // those, as far as they were met
}

// add copies what is wanted of the sources' own archive, whose order and
// contents are the same for ever. Nothing else of its headers is. Files that
// patches touch go to the tree instead.
func (p *packer) add(in *tar.Reader) error {
	for {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		_, below, _ := strings.Cut(strings.TrimPrefix(h.Name, "./"), "/") // linux-source-6.12/
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader || !p.Keep(below) && !p.touched[below] {
			continue
		}
		switch {
		case !filepath.IsLocal(below):
			return fmt.Errorf("the archive's %.80q does not lie in one folder with the other sources", h.Name)
		case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeSymlink:
			return fmt.Errorf("the archive's %.80q is of type %q, neither a file nor a symbolic link", h.Name, h.Typeflag)
		}
		if !p.touched[below] {
			if err := p.write(below, h, in); err != nil {
				return err
			}
			continue
		}
		file := &patch.File{Mode: h.Mode & 0o777, Link: h.Typeflag == tar.TypeSymlink, Data: []byte(h.Linkname)}
		if !file.Link {
			if file.Data, err = io.ReadAll(in); err != nil {
				return err
			}
		}
		p.tree[below] = file
	}
}

func (p *packer) write(name string, h *tar.Header, body io.Reader) error {
	p.kept++
	err := p.out.WriteHeader(&tar.Header{
		Typeflag: h.Typeflag, Name: path.Join(p.Top, name), Linkname: h.Linkname, Mode: h.Mode & 0o755, Size: h.Size,
		ModTime: time.Unix(0, 0), Format: tar.FormatGNU,
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(p.out, body)
	return err
}

// Configures tells files that make and Kconfig read in every folder, whether
// anything in it is compiled or not.
func Configures(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "Makefile") || strings.HasPrefix(base, "Kconfig") || base == "Kbuild"
}
