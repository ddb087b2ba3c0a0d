// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/verdict"
)

// What cannot be kept of a guest is a note, and nothing else.
func TestFullDiskIsANote(t *testing.T) {
	c, err := Load(setup(t, "case fails", nil), "/")
	if err != nil {
		t.Fatal(err)
	}
	full := func(file string) error { return os.Symlink("/dev/full", file) }
	for name, change := range map[string]func(string) error{
		" is not complete, it has 0 bytes: ": full,
		" was not written: ":                 func(file string) error { return os.Mkdir(file, 0o755) },
	} {
		out := t.TempDir()
		for _, log := range []string{consoleLog, eventsLog} {
			if err := change(filepath.Join(out, log)); err != nil {
				t.Fatal(err)
			}
		}
		r := Run(t.Context(), c, Env{Out: out, Show: &bytes.Buffer{}})
		if r.String() != "TESTFAIL: t: TestA failed" || r.ConsoleBytes == 0 {
			t.Errorf("%s, %d bytes of console", r.Verdict, r.ConsoleBytes)
		}
		notes := strings.Join(r.Notes, "\n")
		if len(r.Notes) != 2 || !strings.Contains(notes, consoleLog+name) || !strings.Contains(notes, eventsLog+name) {
			t.Errorf("%q, want two with %q", r.Notes, name)
		}
		if strings.HasPrefix(name, " is not") && strings.Count(notes, unix.ENOSPC.Error()) != 2 {
			t.Errorf("the reason is not in %q", r.Notes)
		}
		var text bytes.Buffer
		r.Explain(&text)
		if !strings.Contains(text.String(), "note: "+consoleLog+name) {
			t.Errorf("the note is not in\n%s", text.String())
		}
		if there := strings.Contains(text.String(), "console.log has them"); there != (r.console != "") {
			t.Errorf("what console.log has, in\n%s", text.String())
		}
	}
}

// Where one file cannot be written, the others are, and the JUnit report is the last
// thing to be lost.
func TestSaveGoesOn(t *testing.T) {
	in := func(dir string, names ...string) {
		t.Helper()
		for _, name := range names {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(data) == 0 {
				t.Errorf("%s: %d bytes, %v", name, len(data), err)
			}
		}
	}
	r := &Result{Name: "//x:y", Verdict: verdict.Verdict{Class: verdict.Pass}, OK: true, dmesg: "log", Programs: []Program{{Name: "t", output: "out"}}}
	r.coverage.files = map[string][]byte{"a/b.gcda": []byte("counts")}
	t.Setenv("COVERAGE_DIR", "")

	// No room for coverage: a file stands where its folder would be.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, CoverageFolder), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := r.Save(dir, filepath.Join(dir, "test.xml"))
	if err == nil || !strings.Contains(err.Error(), "coverage: ") {
		t.Errorf("error %v", err)
	}
	in(dir, "test.xml", "result.json", "dmesg.log", "program-t.log")

	// Nor for the result and the kernel's log.
	dir = t.TempDir()
	for _, name := range []string{"result.json", "dmesg.log"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err = r.Save(dir, filepath.Join(dir, "test.xml"))
	if err == nil || !strings.Contains(err.Error(), "result.json: ") || !strings.Contains(err.Error(), "kernel log: ") {
		t.Errorf("error %v", err)
	}
	in(dir, "test.xml", "program-t.log", filepath.Join(CoverageFolder, "a/b.gcda"))

	// Nor for the JUnit report.
	dir = t.TempDir()
	if err = r.Save(dir, filepath.Join(dir, "none/test.xml")); err == nil || !strings.Contains(err.Error(), "JUnit report: ") {
		t.Errorf("error %v", err)
	}
	in(dir, "result.json", "dmesg.log", "program-t.log", filepath.Join(CoverageFolder, "a/b.gcda"))
}
