// SPDX-License-Identifier: Apache-2.0

// Package source knows the tree's sources and the form each kind has.
package source

import (
	"bytes"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Kind says by which rules a file is formatted.
type Kind int

// The kinds of files that have one form.
const (
	None Kind = iota
	Go
	Starlark
	C
)

// KindOf tells a file's kind by its name.
func KindOf(name string) Kind {
	switch base := path.Base(name); base {
	case "BUILD", "BUILD.bazel", "MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel":
		return Starlark
	}
	switch path.Ext(name) {
	case ".go":
		return Go
	case ".bzl":
		return Starlark
	case ".c", ".h":
		return C
	}
	return None
}

// Licensed tells whether a source names its licence where people and programs
// look for it: in its first three lines.
func Licensed(text []byte) bool {
	lines := bytes.SplitN(text, []byte("\n"), 4)
	return slices.ContainsFunc(lines[:min(3, len(lines))], func(line []byte) bool {
		_, id, ok := bytes.Cut(line, []byte("SPDX-License-Identifier: "))
		return ok && len(bytes.TrimSpace(id)) > 0
	})
}

// Folders whose files are what they are: samples of odd input, and results.
var skipped = []string{"node_modules", "testdata"}

// List returns the files below root that have a kind, as slash-separated paths
// in order. Hidden folders, symbolic links (Bazel's bazel-* among them) and
// samples are left out.
func List(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != root && (strings.HasPrefix(name, ".") || slices.Contains(skipped, name)) {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && KindOf(name) != None {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	return files, err
}
