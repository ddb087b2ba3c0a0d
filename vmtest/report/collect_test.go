// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/vmtest/verdict"
)

func TestNewestRunCounts(t *testing.T) {
	old, new := newLogs(t), newLogs(t)
	old.result(failed(label, stock, verdict.Hang, "old"), noon)
	new.result(passed(label, stock), noon.Add(time.Hour))
	other := "//vmtest/tests/load:load/debian/aarch64/6.1.0-56-cloud-arm64"
	old.result(passed(other, "debian/aarch64/6.1.0-56-cloud-arm64"), noon)
	for _, dirs := range [][]string{{old.dir, new.dir}, {new.dir, old.dir}} {
		m := collect(t, dirs...)
		if m.Totals.OK != 2 || m.Totals.All != 2 {
			t.Errorf("%+v", m.Totals)
		}
		if !m.Newest.Equal(noon.Add(time.Hour)) || !m.Oldest.Equal(noon) {
			t.Errorf("from %s to %s", m.Oldest, m.Newest)
		}
	}
	// A newer failure counts too, and of equally old ones the folder named last.
	same := newLogs(t)
	same.result(failed(label, stock, verdict.Hang, "same"), noon.Add(time.Hour))
	if m := collect(t, old.dir, new.dir, same.dir); m.Totals.Bad != 1 {
		t.Errorf("named last: %+v", m.Totals)
	}
	if m := collect(t, same.dir, old.dir, new.dir); m.Totals.Bad != 0 {
		t.Errorf("named first: %+v", m.Totals)
	}
	// Copies of logs may lie a folder deeper.
	deep := t.TempDir()
	for name, dir := range map[string]string{"monday": old.dir, "tuesday": new.dir} {
		if err := os.CopyFS(filepath.Join(deep, name), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	if m := collect(t, deep); m.Totals.All != 2 {
		t.Errorf("copies: %+v", m.Totals)
	}
	// Or be a part of the tree.
	m := collect(t, filepath.Join(new.dir, "vmtest/tests"))
	if c := only(t, m); c.Label != label || len(c.Notes) != 0 {
		t.Errorf("a part of the tree: %s, notes %q", c.Label, c.Notes)
	}
	if c := only(t, collect(t, filepath.Join(new.dir, labelPath(label)))); c.Label != label {
		t.Errorf("the folder of the test: %s", c.Label)
	}
}

// Of several runs of one test the worst counts, and older ones do not.
func TestRunsPerTest(t *testing.T) {
	l := newLogs(t)
	put := func(part string, bad bool, when time.Time) {
		r := passed(label, stock)
		if bad {
			r = failed(label, stock, verdict.Splat, "in "+part)
		}
		own := newLogs(t)
		own.result(r, when)
		from := filepath.Join(own.dir, labelPath(label))
		err := filepath.Walk(from, func(path string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			name, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil {
				l.file(labelPath(label)+"/"+part, name, string(data), when)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("run_1_of_3", false, noon)
	put("run_2_of_3", true, noon.Add(time.Minute))
	put("run_3_of_3", false, noon.Add(2*time.Minute))
	c := only(t, collect(t, l.dir))
	if c.Status != Bad || c.Title != "in run_2_of_3" || len(c.Notes) != 1 || !strings.HasPrefix(c.Notes[0], "1 of 3 runs were bad") {
		t.Errorf("%s: %s, notes %q", c.Class, c.Title, c.Notes)
	}
	l.result(passed(label, stock), noon.Add(time.Hour))
	if c := only(t, collect(t, l.dir)); c.Status != OK {
		t.Error("the runs of before count more than the newest one")
	}
}

func TestEmptyTree(t *testing.T) {
	m := collect(t, t.TempDir())
	if m.Totals.All != 0 || m.Healthy() {
		t.Errorf("%+v", m.Totals)
	}
	for name, f := range map[string]func() ([]byte, error){"HTML": m.HTML, "Markdown": m.Markdown, "JSON": m.JSON} {
		text, err := f()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "HTML" && !strings.Contains(string(text), "No VM test has left a result here") {
			t.Errorf("the page does not say that it is empty:\n%s", text)
		}
	}
	if _, err := Collect([]string{filepath.Join(t.TempDir(), "gone")}); err == nil {
		t.Error("a folder that is not there is no error")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Collect([]string{file}); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("a file instead of a folder: %v", err)
	}
}

// A folder that cannot be read is told of, and the rest is there.
func TestUnreadableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	l := newLogs(t)
	l.result(passed(label, stock), noon)
	closed := filepath.Join(l.dir, "closed")
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(closed, 0o755) })
	m := collect(t, l.dir)
	if m.Totals.All != 1 || len(m.Warnings) != 1 || m.Healthy() {
		t.Errorf("%+v, warnings %q", m.Totals, m.Warnings)
	}
}
