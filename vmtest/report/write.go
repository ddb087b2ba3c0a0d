// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files of a report.
const (
	htmlFile     = "matrix.html"
	markdownFile = "matrix.md"
	jsonFile     = "matrix.json"
)

// Write writes the report into a folder, which it makes if need be. The paths of
// the tests' files become relative to that folder.
func (m *Matrix) Write(dir string) error {
	if err := m.relate(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		make func() ([]byte, error)
	}{{jsonFile, m.JSON}, {markdownFile, m.Markdown}, {htmlFile, m.HTML}} {
		text, err := f.make()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := writeFile(filepath.Join(dir, f.name), text); err != nil {
			return err
		}
	}
	return nil
}

// JSON is the report for programs.
func (m *Matrix) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	err := e.Encode(m)
	return b.Bytes(), err
}

// Summary is the report in one line.
func (m *Matrix) Summary() string {
	t := m.Totals
	if t.All == 0 {
		return "no result of a VM test"
	}
	s := fmt.Sprintf("%s under %s: %d as expected, %d bad", plural(t.All, "result"), plural(len(m.Kernels), "kernel"), t.OK, t.Bad)
	if t.Skipped > 0 {
		s += fmt.Sprintf(", %d skipped", t.Skipped)
	}
	return s
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// relate makes the paths of all files relative to a folder.
func (m *Matrix) relate(dir string) error {
	base, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, c := range m.Cells() {
		for i, f := range c.Files {
			path, err := filepath.Abs(f.Path)
			if err != nil {
				return err
			}
			if rel, err := filepath.Rel(base, path); err == nil {
				path = rel
			}
			c.Files[i].Path = filepath.ToSlash(path)
		}
	}
	return nil
}

// link is the file's address as a page in the report's folder names it.
func (f File) link() string {
	u := (&url.URL{Path: f.Path}).String()
	return strings.NewReplacer("(", "%28", ")", "%29", "'", "%27").Replace(u)
}

// writeFile writes under a temporary name first: half a report is no report.
func writeFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".report")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}
