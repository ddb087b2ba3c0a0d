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

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/kernel/kernelpack/rpm"
)

// Package writes the archive of the header package in to out.
func Package(in, out string) error {
	walk, err := reader(in)
	if err != nil {
		return err
	}
	entries, err := collect(in, walk)
	if err != nil {
		return err
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

type walker func(name string, f func(*deb.Entry, io.Reader) error) error

// collect reads what is wanted of a package.
func collect(in string, walk walker) ([]entry, error) {
	var entries []entry
	links := map[string][]int{} // file to the places of its further names
	err := walk(in, func(d *deb.Entry, r io.Reader) error {
		e, err := read(d, r)
		if err != nil || e == nil {
			return err
		}
		if d.Kind == deb.Hardlink {
			links[d.Link] = append(links[d.Link], len(entries))
		}
		entries = append(entries, *e)
		return nil
	})
	if err != nil || len(links) == 0 {
		return entries, err
	}
	// The name that has the contents may be one that is not wanted, so it is
	// looked for again. Hardly any package has hard links.
	err = walk(in, func(d *deb.Entry, r io.Reader) error {
		if d.Kind != deb.File || links[d.Name] == nil {
			return nil
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		for _, at := range links[d.Name] {
			entries[at].data, entries[at].mode = data, mode(d)
		}
		delete(links, d.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for target, places := range links {
		return nil, fmt.Errorf("%s: %s is a hard link to %s, which is not there", in, entries[places[0]].name, target)
	}
	return entries, nil
}

func mode(d *deb.Entry) int64 {
	if d.Mode&0o111 != 0 {
		return 0o755
	}
	return 0o644
}

// reader chooses how a package is read by its name.
func reader(name string) (walker, error) {
	switch path.Ext(name) {
	case ".deb":
		return deb.WalkFile, nil
	case ".rpm":
		return rpm.WalkFile, nil
	}
	return nil, fmt.Errorf("%s: neither a .deb nor an .rpm package by its name", name)
}

type entry struct {
	name string
	link string // target of a symbolic link; "" for a file
	mode int64
	data []byte
}

// read takes what a module's build can want of one entry; nil for the rest.
func read(d *deb.Entry, r io.Reader) (*entry, error) {
	if !Wanted(d.Name) {
		return nil, nil
	}
	switch d.Kind {
	case deb.File:
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		return &entry{name: d.Name, mode: mode(d), data: data}, nil
	case deb.Symlink:
		return &entry{name: d.Name, mode: 0o777, link: d.Link}, nil
	case deb.Hardlink:
		return &entry{name: d.Name}, nil
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
