// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

func packed(t *testing.T, files ...debtest.File) (map[string]string, error) {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.deb"), filepath.Join(dir, "out.tar.zst")
	if err := os.WriteFile(in, debtest.DebOf(t, "Package: x\n", ".gz", files), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Package(in, out); err != nil {
		return nil, err
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	found := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found[h.Name] = h.Linkname + string(data)
	}
}

func link(name, to string, kind byte) debtest.File {
	return debtest.File{Header: tar.Header{Name: name, Linkname: to, Typeflag: kind, Mode: 0o644}}
}

func TestPackage(t *testing.T) {
	got, err := packed(t,
		debtest.Text("./usr/src/linux-headers-6/arch/s390/a.h", "shared"),
		debtest.Text("./usr/src/linux-headers-6/Makefile", "all:"),
		// Its contents stand under a name that is left out.
		link("./usr/src/linux-headers-6/arch/x86/a.h", "./usr/src/linux-headers-6/arch/s390/a.h", tar.TypeLink),
		link("./usr/src/linux-headers-6/scripts", "../linux-headers-5/scripts", tar.TypeSymlink),
		debtest.Text("./usr/share/doc/x", "no"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"usr/src/linux-headers-6/Makefile":     "all:",
		"usr/src/linux-headers-6/arch/x86/a.h": "shared",
		"usr/src/linux-headers-6/scripts":      "../linux-headers-5/scripts",
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s holds %q, want %q", name, got[name], text)
		}
	}
}

func TestPackageRefuses(t *testing.T) {
	if _, err := packed(t, debtest.Text("./usr/share/doc/x", "no")); err == nil || !strings.Contains(err.Error(), "no kernel headers inside") {
		t.Errorf("a package without headers: %v", err)
	}
	if _, err := packed(t, link("./usr/src/linux-headers-6/arch/x86/a.h", "./nowhere", tar.TypeLink)); err == nil || !strings.Contains(err.Error(), "is a hard link to nowhere, which is not there") {
		t.Errorf("a hard link to nothing: %v", err)
	}
	if err := Package("headers.zip", "out"); err == nil || !strings.Contains(err.Error(), "neither a .deb nor an .rpm") {
		t.Errorf("a zip: %v", err)
	}
}
