// SPDX-License-Identifier: Apache-2.0

package debs

import (
	"archive/tar"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

func TestUnpack(t *testing.T) {
	tool := debtest.Text("./usr/bin/tool", "run me")
	tool.Mode = 0o4755
	file := write(t, debtest.DebOf(t, "Package: a\n", ".zst", []debtest.File{
		{Header: tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}},
		{Header: tar.Header{Name: "./usr/share/empty/", Typeflag: tar.TypeDir, Mode: 0o700}},
		tool,
		debtest.Text("./usr/share/java/a.jar", "jar"),
		debtest.Text("./usr/share/doc/a/copyright", "text"),
		debtest.Text("./usr/share/documents", "not documentation"),
		{Header: tar.Header{Name: "./usr/bin/other", Typeflag: tar.TypeSymlink, Linkname: "/etc/other"}},
		{Header: tar.Header{Name: "./usr/bin/twin", Typeflag: tar.TypeLink, Linkname: "./usr/bin/tool"}},
	}))
	dir := t.TempDir()
	if err := Unpack(file, dir); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		i, err := d.Info()
		if err != nil {
			return err
		}
		got[name] = i.Mode().String()
		if i.Mode()&fs.ModeSymlink != 0 {
			got[name], err = os.Readlink(p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"usr/bin/tool":         "-rwxr-xr-x", // no set-user-id bit
		"usr/bin/twin":         "-rwxr-xr-x",
		"usr/bin/other":        "/etc/other",
		"usr/share/java/a.jar": "-rw-r--r--",
		"usr/share/documents":  "-rw-r--r--",
	}
	for name, mode := range want {
		if got[name] != mode {
			t.Errorf("%s is %q, want %q", name, got[name], mode)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("files too many: %v", got)
	}
	if st, err := os.Stat(filepath.Join(dir, "usr/share/empty")); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("the empty folder: %v, %v", st, err)
	}
}

// A package must not write through its own symbolic link to somewhere else.
func TestUnpackStaysInside(t *testing.T) {
	outside := t.TempDir()
	file := write(t, debtest.DebOf(t, "Package: a\n", ".gz", []debtest.File{
		{Header: tar.Header{Name: "./usr/out", Typeflag: tar.TypeSymlink, Linkname: outside}},
		debtest.Text("./usr/out/file", "x"),
	}))
	err := Unpack(file, t.TempDir())
	if err == nil {
		t.Error("no error")
	}
	if found, _ := os.ReadDir(outside); len(found) > 0 {
		t.Errorf("%v was written outside", found)
	}
}

func TestUnpackDamaged(t *testing.T) {
	whole := debtest.DebOf(t, "Package: a\n", ".gz", []debtest.File{debtest.Text("./a", strings.Repeat("a", 1<<16))})
	if err := Unpack(write(t, whole[:len(whole)-40]), t.TempDir()); err == nil {
		t.Error("a package without its end was unpacked")
	}
}

func write(t *testing.T, deb []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.deb")
	if err := os.WriteFile(file, deb, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
