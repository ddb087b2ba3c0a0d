// SPDX-License-Identifier: Apache-2.0

package jars

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func jar(t *testing.T, file, manifest string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, e := range [][2]string{{manifestName, manifest}, {"A.class", strings.Repeat("class", 1000)}} {
		if e[1] == "" {
			continue
		}
		o, err := w.Create(e[0])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(o, e[1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The class path names a.jar. a.jar leads to b.jar by an absolute path and to
// c.jar beside it; c.jar is a link, as Debian has them, to a version of it.
func TestClose(t *testing.T) {
	root := t.TempDir()
	const final = "/final/place"
	java := filepath.Join(root, "usr/share/java")
	jar(t, filepath.Join(java, "a.jar"), "Manifest-Version: 1.0\nClass-Path: /usr/share/java/b.jar c.jar missing.jar\n")
	jar(t, filepath.Join(java, "b.jar"), "")
	jar(t, filepath.Join(java, "c-1.0.jar"), "Manifest-Version: 1.0\nClass-Path: a.jar\n")
	if err := os.Symlink(final+"/usr/share/java/c-1.0.jar", filepath.Join(java, "c.jar")); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(root, "list")
	if err := os.WriteFile(list, []byte("/usr/share/java/a.jar\n/usr/share/java/gone.jar\n/usr/share/java/c-1.0.jar\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	jar(t, filepath.Join(java, "further.jar"), "")
	if err := (Folder{Root: root, Final: final}).Close(list, "/usr/share/java/further.jar"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	want := "/final/place/usr/share/java/a.jar\n/final/place/usr/share/java/c-1.0.jar\n" +
		"/final/place/usr/share/java/further.jar\n/final/place/usr/share/java/b.jar\n"
	if string(got) != want {
		t.Errorf("the class path is\n%swant\n%s", got, want)
	}
	for _, name := range []string{"a.jar", "c-1.0.jar"} {
		r, err := zip.OpenReader(filepath.Join(java, name))
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := readEntry(&r.Reader, manifestName)
		if err != nil || manifest != "Manifest-Version: 1.0\n" {
			t.Errorf("%s: manifest %q, %v", name, manifest, err)
		}
		if class, err := readEntry(&r.Reader, "A.class"); err != nil || class != strings.Repeat("class", 1000) {
			t.Errorf("%s: its class was lost: %v", name, err)
		}
		r.Close()
	}
}

func TestCloseErrors(t *testing.T) {
	root := t.TempDir()
	list := filepath.Join(root, "list")
	os.WriteFile(list, []byte("/gone.jar\n"), 0o644)
	if err := (Folder{Root: root, Final: "/f"}).Close(list); err == nil {
		t.Error("a class path without a single jar was accepted")
	}
	jar(t, filepath.Join(root, "good.jar"), "")
	os.WriteFile(list, []byte("/good.jar\n"), 0o644)
	if err := (Folder{Root: root, Final: "/f"}).Close(list, "/wanted.jar"); err == nil || !strings.Contains(err.Error(), "wanted.jar") {
		t.Errorf("error %v, want one that names the further jar that is not there", err)
	}
	os.WriteFile(filepath.Join(root, "bad.jar"), []byte("no zip"), 0o644)
	os.WriteFile(list, []byte("/bad.jar\n"), 0o644)
	if err := (Folder{Root: root, Final: "/f"}).Close(list); err == nil || !strings.Contains(err.Error(), "bad.jar") {
		t.Errorf("error %v, want one that names bad.jar", err)
	}
	os.Symlink("loop.jar", filepath.Join(root, "loop.jar"))
	os.WriteFile(list, []byte("/loop.jar\n"), 0o644)
	if err := (Folder{Root: root, Final: "/f"}).Close(list); err == nil || !strings.Contains(err.Error(), "symbolic links") {
		t.Errorf("error %v, want one about symbolic links", err)
	}
}
