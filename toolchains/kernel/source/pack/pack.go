// SPDX-License-Identifier: Apache-2.0

// Package pack makes archives of a kernel's sources, in the form of packed
// headers, out of a source package.
//
// A kernel has ninety thousand files, of which a kernel for a virtual machine
// compiles a few thousand. Leaving out the rest once is cheaper than unpacking
// it for every kernel that is built.
package pack

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
)

// Pack writes the files of a linux-source package that keep wants, below the
// folder top. Names are relative to the kernel's own top folder.
func Pack(in, out, top string, keep func(name string) bool) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	p := packer{out: tar.NewWriter(z), top: top, keep: keep}
	err = deb.WalkFile(in, func(e *deb.Entry, body io.Reader) error {
		if e.Kind != deb.File || !strings.HasSuffix(e.Name, ".tar.xz") {
			return nil
		}
		x, err := xz.NewReader(body)
		if err != nil {
			return err
		}
		return p.add(tar.NewReader(x))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	if p.kept == 0 {
		return fmt.Errorf("%s: no sources of a kernel inside; is it a linux-source package?", in)
	}
	if err := p.out.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

type packer struct {
	out  *tar.Writer
	top  string
	keep func(string) bool
	kept int
}

// add copies what is wanted of the sources' own archive, whose order and
// contents are the same for ever. Nothing else of its headers is.
func (p *packer) add(in *tar.Reader) error {
	for {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		_, below, _ := strings.Cut(h.Name, "/") // linux-source-6.12/
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeSymlink || !p.keep(below) {
			continue
		}
		p.kept++
		err = p.out.WriteHeader(&tar.Header{
			Typeflag: h.Typeflag, Name: path.Join(p.top, below), Linkname: h.Linkname, Mode: h.Mode & 0o755, Size: h.Size,
			ModTime: time.Unix(0, 0), Format: tar.FormatGNU,
		})
		if err != nil {
			return err
		}
		if _, err := io.Copy(p.out, in); err != nil {
			return err
		}
	}
}

// Configures tells files that make and Kconfig read in every folder, whether
// anything in it is compiled or not.
func Configures(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "Makefile") || strings.HasPrefix(base, "Kconfig") || base == "Kbuild"
}
