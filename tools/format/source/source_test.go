// SPDX-License-Identifier: Apache-2.0

package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestList(t *testing.T) {
	root := tree(t, map[string]string{
		"BUILD.bazel": "", "MODULE.bazel": "", "a/b.go": "", "a/b.bzl": "", "a/b.c": "", "a/b.h": "",
		"a/b.md": "", ".git/x.go": "", "a/testdata/x.go": "", "a/.x.go": "",
	})
	if err := os.Symlink(root, filepath.Join(root, "bazel-out")); err != nil {
		t.Fatal(err)
	}
	got, err := List(root)
	want := []string{"BUILD.bazel", "MODULE.bazel", "a/.x.go", "a/b.bzl", "a/b.c", "a/b.go", "a/b.h"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, in, want, err string }{
		{"x.go", "package x\nvar  a=1\n", "package x\n\nvar a = 1\n", ""},
		{"x.go", "package x\n\nvar a = 1\n", "package x\n\nvar a = 1\n", ""},
		{"x.go", "package", "", "x.go:1:8"},
		{"BUILD.bazel", "x(srcs=['b','a'],name=\"n\")\n", "x(\n    name = \"n\",\n    srcs = [\n        \"a\",\n        \"b\",\n    ],\n)\n", ""},
		{"d/x.bzl", "def f( ):\n  pass\n", "def f():\n    pass\n", ""},
		{"MODULE.bazel", "module(name='x')\n", "module(name = \"x\")\n", ""},
		{"d/x.bzl", "def f(\n", "", "d/x.bzl:"},
		{"x.c", "int  a;\n", "int  a;\n", ""}, // no clang-format was given
		{"x.md", "a  b\n", "a  b\n", ""},
	} {
		f := Formatter{}
		var got []byte
		var err error
		if got = []byte(c.in); f.Knows(c.name) {
			got, err = f.Format(c.name, []byte(c.in))
		}
		if string(got) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("%s: %q, %v; want %q, %q", c.name, got, err, c.want, c.err)
		}
	}
}

func TestLicensed(t *testing.T) {
	for text, want := range map[string]bool{
		"// SPDX-License-Identifier: Apache-2.0\n\npackage x\n":   true,
		"#!/bin/sh\n#\n# SPDX-License-Identifier: GPL-2.0-only\n": true,
		"/* SPDX-License-Identifier: GPL-2.0-only */":             true,
		"":                             false,
		"package x\n":                  false,
		"// SPDX-License-Identifier: ": false,
		"\n\n\n// SPDX-License-Identifier: Apache-2.0\n": false,
	} {
		if got := Licensed([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestRun(t *testing.T) {
	root := tree(t, map[string]string{"ok.go": "package x\n", "odd.go": "package  x\n", "bad.go": "pack\n", "x.c": "int  a;\n"})
	if err := os.Chmod(filepath.Join(root, "odd.go"), 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := List(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, write := range []bool{false, true} {
		rs := Run(Formatter{Root: root}, names, write)
		if len(rs) != 2 || rs[0].Name != "bad.go" || rs[0].Err == nil || rs[1].Name != "odd.go" || !rs[1].Changed || rs[1].Err != nil {
			t.Fatalf("write %v: %+v", write, rs)
		}
	}
	text, _ := os.ReadFile(filepath.Join(root, "odd.go"))
	st, err := os.Stat(filepath.Join(root, "odd.go"))
	if err != nil || string(text) != "package x\n" || st.Mode() != 0o755 {
		t.Errorf("%q, %v, %v", text, st, err)
	}
	if left, _ := filepath.Glob(filepath.Join(root, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if rs := Run(Formatter{Root: root}, []string{"gone.go"}, true); len(rs) != 1 || rs[0].Err == nil {
		t.Errorf("a file that is not there: %+v", rs)
	}
}
