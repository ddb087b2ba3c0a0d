// SPDX-License-Identifier: Apache-2.0

package modules

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func committed(t *testing.T) []Module {
	t.Helper()
	ms, err := ReadLock("../modules.lock")
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

// The locked modules stand in for what MODULE.bazel names, so they have to be
// of the same versions.
func TestLockMatchesModuleBazel(t *testing.T) {
	text, err := os.ReadFile("../../../MODULE.bazel")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range committed(t) {
		want := ""
		switch m.Name {
		case "gazelle", "rules_go":
			want = `bazel_dep(name = "` + m.Name + `", version = "` + strings.TrimPrefix(m.Version, "v") + `")`
		case SDK:
			want = `strip_prefix = "` + m.At() + `"`
		case "gazelle/v2": // named by gazelle itself
			continue
		default:
			t.Errorf("%s: this test does not know where MODULE.bazel has it", m.Name)
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("modules.lock has %s, but MODULE.bazel has no %s", m.At(), want)
		}
		seen[m.Name] = true
	}
	if len(seen) != 3 {
		t.Errorf("modules.lock has only %v", seen)
	}
}

func TestParseLock(t *testing.T) {
	ms, err := ParseLock("# comment\n\nx example.org/x@v1.0.0 h1:abc= # why\n")
	if err != nil || len(ms) != 1 || ms[0] != (Module{"x", "example.org/x", "v1.0.0", "h1:abc="}) {
		t.Errorf("%+v, %v", ms, err)
	}
	for text, want := range map[string]string{
		"x example.org/x@v1.0.0":              "1: expected",
		"\nx example.org/x h1:abc=":           "2: \"example.org/x\" is not a module with a version",
		"x example.org/x@latest h1:abc=":      "not a module with a version",
		"x example.org/x@v1.0.0 sha256:abc= ": "not a checksum",
	} {
		if _, err := ParseLock(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add("x example.org/x@v1.0.0 h1:abc=\n")
	f.Add("@ @v h1:")
	f.Fuzz(func(t *testing.T, text string) {
		ms, err := ParseLock(text)
		if err != nil {
			return
		}
		for _, m := range ms {
			if m.Name == "" || m.Path == "" || m.Version == "" || m.Sum == "" {
				t.Fatalf("an incomplete module: %+v", m)
			}
		}
	})
}

func archive(t *testing.T, entries map[string]string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.zip")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	for name, text := range entries {
		e, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(e, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUnzip(t *testing.T) {
	m := Module{Name: "x", Path: "example.org/x", Version: "v1.0.0"}
	dir := filepath.Join(t.TempDir(), "x")
	file := archive(t, map[string]string{
		"example.org/x@v1.0.0/a/run.sh": "#!/bin/sh\n",
		"example.org/x@v1.0.0/a/x.go":   "package x\n",
	})
	if err := Unzip(m, file, dir); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"a/run.sh": 0o755, "a/x.go": 0o644} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil || st.Mode() != mode {
			t.Errorf("%s: %v, %v; want %v", name, st, err, mode)
		}
	}
	for _, bad := range []string{"example.org/y@v1.0.0/a", "example.org/x@v1.0.0/../../a"} {
		if err := Unzip(m, archive(t, map[string]string{bad: "x"}), t.TempDir()); err == nil {
			t.Errorf("%s was unpacked", bad)
		}
	}
}

func TestAddFeature(t *testing.T) {
	got, err := addFeature("_rules = struct(\n    a = True,\n)\n")
	if want := "_rules = struct(\n    " + newFeature + " = ge(\"8.2.0\"),\n    a = True,\n)\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if again, err := addFeature(got); err != nil || again != got {
		t.Errorf("a second time: %q, %v", again, err)
	}
	if _, err := addFeature("something else"); err == nil {
		t.Error("a file of another shape was accepted")
	}
}
