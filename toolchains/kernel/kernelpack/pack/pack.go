// SPDX-License-Identifier: Apache-2.0

// Package pack makes the archives from which kernel modules are built.
//
// A distribution's header package holds some ten thousand files: every
// architecture, and one empty file for each configuration symbol. An action
// with that many inputs costs more in its sandbox than in its compiler, and a
// remote executor fetches each file by itself. So a package becomes one sorted
// zstd tar with what a module for x86_64 or aarch64 can include. kbuild
// unpacks it where it compiles.
package pack

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/toolroot/root"
)

// Package writes the archive of the header package in to out.
func Package(in, out string) error {
	var entries []entry
	err := root.EachEntry(in, func(h *tar.Header, r io.Reader) error {
		e, err := read(h, r)
		if err == nil && e != nil {
			entries = append(entries, *e)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s: no kernel headers inside; is it a linux-headers or kernel-devel package?", in)
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].name < entries[j].name })
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f, entries); err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return f.Close()
}

type entry struct {
	name string
	link string // target of a symbolic link; "" for a file
	mode int64
	data []byte
}

// read takes what a module's build can want of one entry; nil for the rest.
func read(h *tar.Header, r io.Reader) (*entry, error) {
	name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
	if !Wanted(name) {
		return nil, nil
	}
	switch h.Typeflag {
	case tar.TypeReg:
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		mode := int64(0o644)
		if h.Mode&0o111 != 0 {
			mode = 0o755
		}
		return &entry{name: name, mode: mode, data: data}, nil
	case tar.TypeSymlink:
		return &entry{name: name, mode: 0o777, link: h.Linkname}, nil
	}
	return nil, nil
}

// Wanted reports whether a file of a header package, named by its path in the
// package, can matter to a module's build.
func Wanted(name string) bool {
	rest, ok := strings.CutPrefix(name, "usr/src/")
	if !ok {
		return false
	}
	rest = strings.TrimPrefix(rest, "kernels/")
	_, below, ok := strings.Cut(rest, "/")
	if !ok {
		return false
	}
	parts := strings.Split(below, "/")
	switch parts[0] {
	case "arch":
		// Kconfig and Makefile of arch itself, then only what is built for.
		return len(parts) <= 2 || parts[1] == "x86" || parts[1] == "arm64"
	case "include":
		if len(parts) > 2 && parts[1] == "config" {
			// One file a symbol exists only to be a time stamp for make.
			return len(parts) == 3 && (parts[2] == "auto.conf" || parts[2] == "kernel.release")
		}
		return len(parts) < 2 || parts[1] != "dt-bindings"
	case "vmlinux", "Documentation", "samples", "drivers", "fs", "net", "sound", "virt", "vmlinux.h", "System.map":
		return false
	}
	return true
}

func write(w io.Writer, entries []entry) error {
	// The archive is read many times and written once, yet a higher level buys
	// few bytes for many seconds: level 6 of zstd's scale.
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(6)), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: e.mode, ModTime: time.Unix(0, 0), Format: tar.FormatGNU}
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		} else {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.data))
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(e.data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}
