// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestUsage(t *testing.T) {
	if code, out, _ := run(t, "--help"); code != 0 || !strings.Contains(out, "usage: deb-lock") || !strings.Contains(out, "-keyring") {
		t.Errorf("--help: %d %q", code, out)
	}
	for _, args := range [][]string{{}, {"--update", "--check"}, {"--update", "x"}, {"--nonsense"}} {
		if code, _, err := run(t, args...); code != 2 || !strings.Contains(err, "--help") {
			t.Errorf("%q: %d %q", args, code, err)
		}
	}
}

// TestCommittedLock checks that the lock of this repository fits its roots.
func TestCommittedLock(t *testing.T) {
	top := "../../.."
	if r := os.Getenv("TEST_SRCDIR"); r != "" {
		top = filepath.Join(r, os.Getenv("TEST_WORKSPACE"))
	}
	code, out, err := run(t, "--check", "--roots", filepath.Join(top, "toolchains/debian/roots.json"))
	if code != 0 || !strings.Contains(out, "kbuild") {
		t.Errorf("%d %s%s", code, out, err)
	}
}

func TestCheckFails(t *testing.T) {
	dir := t.TempDir()
	rootsFile, lockFile := filepath.Join(dir, "roots.json"), filepath.Join(dir, "packages.lock.json")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fails := func(what, want string) {
		t.Helper()
		if code, _, err := run(t, "--check", "--roots", rootsFile); code != 1 || !strings.Contains(err, want) {
			t.Errorf("%s: %d %q, want %q", what, code, err, want)
		}
	}
	fails("no roots", "roots.json")
	write(rootsFile, `{"suites": {"trixie": "x"}, "roots": {"a": {"why": "x", "suites": ["trixie"], "packages": ["make"]}}}`)
	fails("no lock", "packages.lock.json")
	write(lockFile, `{"schema": 1, "archives": {}, "packages": {}, "roots": {}}`)
	fails("root missing", "root a is not in the lock; run deb-lock --update")
	write(lockFile, `{"schema": 1`)
	fails("truncated", "run deb-lock --update")
}

func TestUpdateNeedsAKeyring(t *testing.T) {
	dir := t.TempDir()
	rootsFile := filepath.Join(dir, "roots.json")
	if err := os.WriteFile(rootsFile, []byte(`{"suites": {"trixie": "x"}, "roots": {"a": {"why": "x", "suites": ["trixie"], "packages": ["make"]}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, err := run(t, "--update", "--roots", rootsFile, "--keyring", filepath.Join(dir, "none"))
	if code != 1 || !strings.Contains(err, "debian-archive-keyring") {
		t.Errorf("%d %q", code, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "packages.lock.json")); err == nil {
		t.Error("a lock was written")
	}
}
