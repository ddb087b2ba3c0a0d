// SPDX-License-Identifier: Apache-2.0

package relocate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range files {
		p := filepath.Join(root, f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFind(t *testing.T) {
	const lib = "usr/lib/x86_64-linux-gnu/"
	root := tree(t, lib+"libc.so.6", lib+"ld-linux-x86-64.so.2", "usr/lib/jvm/java-25-openjdk-amd64/bin/java")
	if err := os.Symlink("java-25-openjdk-amd64", filepath.Join(root, "usr/lib/jvm/java-1.25.0-openjdk-amd64")); err != nil {
		t.Fatal(err)
	}
	got, err := Find(root)
	want := Layout{Lib: "usr/lib/x86_64-linux-gnu", Loader: lib + "ld-linux-x86-64.so.2", JVM: "usr/lib/jvm/java-25-openjdk-amd64"}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	os.RemoveAll(filepath.Join(root, "usr/lib/jvm"))
	if _, err := Find(root); err == nil || !strings.Contains(err.Error(), "jvm") {
		t.Errorf("without a Java: %v", err)
	}
	two := tree(t, lib+"libc.so.6", "usr/lib/aarch64-linux-gnu/libc.so.6")
	if _, err := Find(two); err == nil || !strings.Contains(err.Error(), "2 files") {
		t.Errorf("with two C libraries: %v", err)
	}
}

func TestLinks(t *testing.T) {
	root := tree(t, "etc/java/security", "usr/bin/java")
	for link, to := range map[string]string{"conf": "/etc/java", "relative": "usr/bin/java"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Links(root, "/final"); err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]string{"conf": "/final/etc/java", "relative": "usr/bin/java"} {
		if got, _ := os.Readlink(filepath.Join(root, link)); got != want {
			t.Errorf("%s leads to %s, want %s", link, got, want)
		}
	}
}

// What is no dynamically linked program is left alone: patchelf would fail.
func TestProgramsLeavesScripts(t *testing.T) {
	l := Layout{Lib: "lib", Loader: "lib/ld.so", JVM: "jvm"}
	files := []string{"usr/bin/bazel", "usr/libexec/a/bazel/tool", "jvm/bin/java", "jvm/bin/keytool", "jvm/lib/jspawnhelper"}
	root := tree(t, files...)
	if err := l.Programs(root, "/final", "/no/patchelf"); err != nil {
		t.Error(err)
	}
	os.Remove(filepath.Join(root, "jvm/bin/java"))
	if err := l.Programs(root, "/final", "/no/patchelf"); err == nil || !strings.Contains(err.Error(), "jvm/bin/java") {
		t.Errorf("without java: %v", err)
	}
}
