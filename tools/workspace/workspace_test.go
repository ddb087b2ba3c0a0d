// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree makes folders with files, empty but for their names.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	top := t.TempDir()
	for _, name := range names {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func TestTop(t *testing.T) {
	top := tree(t, "MODULE.bazel", "a/b/file")
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", "")
	t.Chdir(filepath.Join(top, "a/b"))
	if got, err := Top(); err != nil || got != top {
		t.Errorf("from below: %q, %v; want %q", got, err, top)
	}
	other := tree(t, "MODULE.bazel")
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", other)
	if got, err := Top(); err != nil || got != other {
		t.Errorf("told by Bazel: %q, %v; want %q", got, err, other)
	}
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", t.TempDir())
	if got, err := Top(); err == nil || !strings.Contains(err.Error(), "no MODULE.bazel above") {
		t.Errorf("outside: %q, %v", got, err)
	}
}

func TestEnterCaller(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	for dir, want := range map[string]string{"": here, there: there} {
		t.Chdir(here)
		t.Setenv("BUILD_WORKING_DIRECTORY", dir)
		if err := EnterCaller(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Getwd(); err != nil || got != want {
			t.Errorf("with %q: in %q, %v; want %q", dir, got, err, want)
		}
	}
	t.Setenv("BUILD_WORKING_DIRECTORY", filepath.Join(there, "gone"))
	if err := EnterCaller(); err == nil {
		t.Error("a folder that is not there was entered")
	}
}

func TestOfTest(t *testing.T) {
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", "")
	top := tree(t, "MODULE.bazel", "tools/workspace/workspace.go")
	runfiles := tree(t, "tools/x/x_test")
	if err := os.Symlink(filepath.Join(top, "MODULE.bazel"), filepath.Join(runfiles, "MODULE.bazel")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(runfiles, "tools/x"))
	if got, err := OfTest(); err != nil || got != top {
		t.Errorf("through the runfiles: %q, %v; want %q", got, err, top)
	}
	// A sandbox that copies: no link leads out of it.
	t.Chdir(filepath.Join(tree(t, "MODULE.bazel", "tools/x/x_test"), "tools/x"))
	if got, err := OfTest(); err == nil || !strings.Contains(err.Error(), "not the top of the tree") {
		t.Errorf("in a copy: %q, %v", got, err)
	}
}
