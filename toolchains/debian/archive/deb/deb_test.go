// SPDX-License-Identifier: Apache-2.0

package deb_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

func list(data []byte) (out []string, err error) {
	err = deb.Walk(bytes.NewReader(data), func(e *deb.Entry, body io.Reader) error {
		text := ""
		if e.Kind == deb.File {
			b, err := io.ReadAll(body)
			if err != nil {
				return err
			}
			text = string(b)
		}
		out = append(out, fmt.Sprintf("%s %s %o %d %s%s", e.Kind, e.Name, e.Mode, e.Size, e.Link, text))
		return nil
	})
	return out, err
}

var headers = []tar.Header{
	{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
	{Name: "./usr/bin/", Typeflag: tar.TypeDir, Mode: 0o755},
	{Name: "./usr/bin/make", Typeflag: tar.TypeReg, Mode: 0o755, Size: 5},
	{Name: "./usr/bin/gmake", Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: "make"},
	{Name: "./usr/bin/mk", Typeflag: tar.TypeLink, Mode: 0o755, Linkname: "./usr/bin/make"},
	{Name: "usr/share/doc", Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: "/etc/alternatives/x"},
}

func TestWalk(t *testing.T) {
	want := []string{
		"folder . 755 0 ", "folder usr/bin 755 0 ", "file usr/bin/make 755 5 xxxxx", "symbolic link usr/bin/gmake 777 0 make",
		"hard link usr/bin/mk 755 0 usr/bin/make", "symbolic link usr/share/doc 777 0 /etc/alternatives/x",
	}
	for _, c := range []string{"", ".gz", ".xz", ".zst"} {
		got, err := list(debtest.Deb(t, "Package: make\n", c, headers))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("compression %q: %v\n%s", c, err, strings.Join(got, "\n"))
		}
	}
}

func TestControl(t *testing.T) {
	files, err := deb.Control(bytes.NewReader(debtest.Deb(t, "Package: make\n", ".xz", headers)))
	if err != nil || string(files["control"]) != "Package: make\n" {
		t.Errorf("%q %v", files, err)
	}
}

func TestSkipAll(t *testing.T) {
	data := debtest.Deb(t, "Package: make\n", ".xz", headers)
	n := 0
	err := deb.Walk(bytes.NewReader(data), func(e *deb.Entry, _ io.Reader) error {
		if n++; n == 2 {
			return fs.SkipAll
		}
		return nil
	})
	if n != 2 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	stop := errors.New("stop")
	if err := deb.Walk(bytes.NewReader(data), func(*deb.Entry, io.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestHostileEntries(t *testing.T) {
	for _, h := range []tar.Header{
		{Name: "../etc/passwd", Typeflag: tar.TypeReg},
		{Name: "./usr/../../etc/passwd", Typeflag: tar.TypeReg},
		{Name: "usr/../etc", Typeflag: tar.TypeDir},
		{Name: "/etc/passwd", Typeflag: tar.TypeReg},
		{Name: ".", Typeflag: tar.TypeReg},
		{Name: "./", Typeflag: tar.TypeSymlink, Linkname: "/"},
		{Name: "x", Typeflag: tar.TypeLink, Linkname: "../../etc/passwd"},
		{Name: "x", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"},
		{Name: "x", Typeflag: tar.TypeSymlink},
		{Name: "x", Typeflag: tar.TypeChar},
		{Name: "x", Typeflag: tar.TypeFifo},
		{Name: strings.Repeat("x/", 3000) + "y", Typeflag: tar.TypeReg},
	} {
		if got, err := list(debtest.Deb(t, "Package: x\n", "", []tar.Header{h})); err == nil {
			t.Errorf("%q -> %q: no error but %q", h.Name, h.Linkname, got)
		}
	}
}

func TestAbsurdSize(t *testing.T) {
	// A header of a file of 1 TiB, without the file.
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	data := debtest.Ar(debtest.Member{Name: "debian-binary", Data: []byte("2.0\n")}, debtest.Member{Name: "data.tar", Data: b.Bytes()})
	if _, err := list(data); err == nil || !strings.Contains(err.Error(), "size") {
		t.Errorf("%v", err)
	}
}

// TestTruncation cuts a package at every byte. Each cut must be an error.
func TestTruncation(t *testing.T) {
	for _, c := range []string{".gz", ".xz", ".zst"} {
		data := debtest.Deb(t, "Package: make\n", c, headers)
		if _, err := list(data); err != nil {
			t.Fatal(err)
		}
		for n := range len(data) - 1 { // the last byte may be padding
			if got, err := list(data[:n]); err == nil {
				t.Errorf("%s cut to %d of %d bytes: %q", c, n, len(data), got)
			}
		}
	}
}

func TestNotAPackage(t *testing.T) {
	b := debtest.Member{Name: "debian-binary", Data: []byte("2.0\n")}
	for name, data := range map[string][]byte{
		"empty":               nil,
		"text":                []byte("<html>not found</html>"),
		"no members":          debtest.Ar(),
		"another format":      debtest.Ar(debtest.Member{Name: "debian-binary", Data: []byte("3.0\n")}),
		"an ar archive":       debtest.Ar(debtest.Member{Name: "x.o", Data: []byte("2.0\n")}),
		"no data":             debtest.Ar(b),
		"unknown compression": debtest.Ar(b, debtest.Member{Name: "data.tar.lz4", Data: []byte("x")}),
		"not xz":              debtest.Ar(b, debtest.Member{Name: "data.tar.xz", Data: []byte("xxxxxxxxxxxxxxxx")}),
		"not tar":             debtest.Ar(b, debtest.Member{Name: "data.tar", Data: bytes.Repeat([]byte("x"), 2048)}),
	} {
		if _, err := list(data); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := deb.Control(bytes.NewReader(data)); err == nil {
			t.Errorf("%s: no error for its control part", name)
		}
	}
	p := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(p, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := deb.WalkFile(p, nil); err == nil || !strings.Contains(err.Error(), p) {
		t.Errorf("%v", err)
	}
	if _, err := deb.ControlFile(p); err == nil || !strings.Contains(err.Error(), p) {
		t.Errorf("%v", err)
	}
}

// TestAgainstDpkgDeb reads what the real dpkg-deb writes.
func TestAgainstDpkgDeb(t *testing.T) {
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skip("no dpkg-deb on this machine")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"DEBIAN/control": "Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: A <a@debian.example>\nDescription: probe\n",
		"usr/bin/probe":  "#!/bin/sh\n",
	} {
		p := filepath.Join(dir, "root", name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, z := range []string{"xz", "gzip", "zstd", "none"} {
		out := filepath.Join(dir, z+".deb")
		if b, err := exec.Command(tool, "--root-owner-group", "-Z"+z, "--build", filepath.Join(dir, "root"), out).CombinedOutput(); err != nil {
			if z == "zstd" {
				continue // only since dpkg 1.21.18
			}
			t.Fatalf("%v\n%s", err, b)
		}
		found := false
		err := deb.WalkFile(out, func(e *deb.Entry, body io.Reader) error {
			if e.Name == "usr/bin/probe" {
				b, err := io.ReadAll(body)
				found = err == nil && string(b) == "#!/bin/sh\n" && e.Mode == 0o755
			}
			return nil
		})
		if err != nil || !found {
			t.Errorf("%s: %v, found: %t", z, err, found)
		}
		if c, err := deb.ControlFile(out); err != nil || !bytes.HasPrefix(c["control"], []byte("Package: probe\n")) {
			t.Errorf("%s: %v %q", z, err, c["control"])
		}
	}
}

func FuzzWalk(f *testing.F) {
	for _, c := range []string{"", ".gz", ".xz", ".zst"} {
		f.Add(debtest.Deb(f, "Package: make\n", c, headers))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		deb.Walk(bytes.NewReader(data), func(e *deb.Entry, body io.Reader) error {
			if !filepath.IsLocal(e.Name) || e.Kind == deb.Hardlink && !filepath.IsLocal(e.Link) {
				t.Errorf("let %+v through", e)
			}
			if n, err := io.Copy(io.Discard, io.LimitReader(body, 1<<20)); n > 0 && err == nil && e.Kind != deb.File {
				t.Errorf("%+v has contents", e)
			}
			return nil
		})
		deb.Control(bytes.NewReader(data))
	})
}
