// SPDX-License-Identifier: Apache-2.0

package wholefile

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x")
	for _, text := range []string{"one", "two"} {
		if err := Write(file, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		info, _ := os.Stat(file)
		if err != nil || string(data) != text || info.Mode() != 0o640 {
			t.Errorf("%q, %v, %v", data, err, info.Mode())
		}
	}
	only(t, dir, "x")
}

func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{folder, filepath.Join(dir, "none/x")} {
		if err := Write(file, []byte("x"), 0o644); err == nil {
			t.Errorf("%s was written", file)
		}
	}
	only(t, dir, "folder")
}

// only fails where a folder has anything but one entry.
func only(t *testing.T, dir, want string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != want {
		t.Errorf("%v, %v, want only %s", entries, err, want)
	}
}
