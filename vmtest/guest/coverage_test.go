// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// gcovTree makes a folder as the kernel shows it: data files, links to notes that
// are not there, and the file that resets.
func gcovTree(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, name)
		for _, err := range []error{
			os.MkdirAll(filepath.Dir(file), 0o755),
			os.WriteFile(file, data, 0o600),
			os.Symlink("/nonexistent/x.gcno", strings.TrimSuffix(file, ".gcda")+".gcno"),
			os.WriteFile(filepath.Join(dir, "reset"), nil, 0o200),
			os.MkdirAll(filepath.Join(dir, "folder.gcda"), 0o755),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestSendCoverage(t *testing.T) {
	// Longer than a piece, and a beginning that is text.
	long := append([]byte("adcg text"), bytes.Repeat([]byte{0, 0xff, 'x'}, maxPiece)...)
	want := map[string][]byte{"a/b/core#mem.gcda": long, "a/b/linux#main.gcda": {1, 2, 3}}
	var got wire.Coverage
	n := 0
	var done ending
	err := sendCoverage(func(ev wire.Event) error {
		n++
		if ev.Type != wire.TypeCoverage || len(ev.Bytes) > maxPiece {
			t.Errorf("event %s with %d bytes", ev.Type, len(ev.Bytes))
		}
		return got.Take(ev)
	}, &done, gcovTree(t, want))
	if err != nil || done.Error != "" || n != 5 {
		t.Errorf("%v, %q, %d events", err, done.Error, n)
	}
	for name, data := range want {
		if !bytes.Equal(got.Files[name], data) {
			t.Errorf("%s: %d bytes of %d", name, len(got.Files[name]), len(data))
		}
	}
	if len(got.Files) != len(want) {
		t.Errorf("%d files", len(got.Files))
	}
}

func TestSendCoverageFails(t *testing.T) {
	var done ending
	none := filepath.Join(t.TempDir(), "gcov")
	if err := sendCoverage(func(wire.Event) error { return nil }, &done, none); err != nil || !strings.Contains(done.Error, "coverage: ") {
		t.Errorf("a kernel without gcov: %v, %q", err, done.Error)
	}
	files := map[string][]byte{"a.gcda": {1}, "b.gcda": {2}}
	broken := errors.New("port is gone")
	done = ending{}
	tries := 0
	if err := sendCoverage(func(wire.Event) error { tries++; return broken }, &done, gcovTree(t, files)); err != broken || done.Error != "" || tries != 1 {
		t.Errorf("a channel that broke: %v, %q, %d tries", err, done.Error, tries)
	}
	for i := range wire.MaxCoverageFiles {
		files[fmt.Sprintf("%d.gcda", i)] = []byte{1}
	}
	if err := sendCoverage(func(wire.Event) error { return nil }, &done, gcovTree(t, files)); err != nil || !strings.Contains(done.Error, "more than") {
		t.Errorf("too much: %v, %q", err, done.Error)
	}
	done = ending{wire.Event{Error: "the first"}}
	if err := sendCoverage(func(wire.Event) error { return nil }, &done, none); err != nil || done.Error != "the first" {
		t.Errorf("after another error: %v, %q", err, done.Error)
	}
}
