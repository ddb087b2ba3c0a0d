// SPDX-License-Identifier: Apache-2.0

// Package patch applies unified diffs.
package patch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// File is the change of one file.
type File struct {
	Name  string // as the diff names the new version
	Hunks []Hunk
}

// Hunk is a run of lines, before and after.
type Hunk struct {
	Line     int // where the diff saw it, counted from 0
	Old, New []string
}

// Parse reads a diff. It knows changes of files that exist; those that make or delete
// files are refused.
func Parse(diff string) ([]File, error) {
	lines := strings.SplitAfter(diff, "\n")
	var files []File
	for i := 0; i < len(lines); {
		switch {
		case strings.HasPrefix(lines[i], "--- ") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "+++ "):
			before, after := name(lines[i]), name(lines[i+1])
			if before != after || after == "" {
				return nil, fmt.Errorf("line %d: %q becomes %q; only changes of a file in place are known", i+1, before, after)
			}
			files = append(files, File{Name: after})
			i += 2
		case strings.HasPrefix(lines[i], "@@ "):
			if len(files) == 0 {
				return nil, fmt.Errorf("line %d: a change before the name of its file", i+1)
			}
			hunk, next, err := parseHunk(lines, i)
			if err != nil {
				return nil, err
			}
			last := &files[len(files)-1]
			last.Hunks = append(last.Hunks, hunk)
			i = next
		default:
			i++ // what git and people say between changes
		}
	}
	if len(files) == 0 {
		return nil, errors.New("no change of any file in it; this is no unified diff")
	}
	return files, nil
}

// name is the file's, without the time that may follow it.
func name(line string) string {
	text, _, _ := strings.Cut(strings.TrimRight(line[4:], "\r\n"), "\t")
	return text
}

// parseHunk reads the hunk whose header is line i, and returns the line after it.
func parseHunk(lines []string, i int) (Hunk, int, error) {
	fields := strings.Fields(lines[i])
	if len(fields) < 4 || fields[3] != "@@" {
		return Hunk{}, 0, fmt.Errorf("line %d: %q is no header of a change", i+1, lines[i])
	}
	line, olds, err := span(fields[1], "-")
	if err != nil {
		return Hunk{}, 0, fmt.Errorf("line %d: %w", i+1, err)
	}
	_, news, err := span(fields[2], "+")
	if err != nil {
		return Hunk{}, 0, fmt.Errorf("line %d: %w", i+1, err)
	}
	h := Hunk{Line: max(line-1, 0)}
	for i++; len(h.Old) < olds || len(h.New) < news; i++ {
		if i >= len(lines) || lines[i] == "" {
			return Hunk{}, 0, fmt.Errorf("line %d: the diff ends within a change", i+1)
		}
		text := lines[i][1:]
		switch lines[i][0] {
		case ' ':
			h.Old, h.New = append(h.Old, text), append(h.New, text)
		case '-':
			h.Old = append(h.Old, text)
		case '+':
			h.New = append(h.New, text)
		case '\n': // an empty line whose leading space an editor has taken
			h.Old, h.New = append(h.Old, "\n"), append(h.New, "\n")
		default:
			return Hunk{}, 0, fmt.Errorf("line %d: %q within a change", i+1, lines[i])
		}
	}
	if len(h.Old) != olds || len(h.New) != news {
		return Hunk{}, 0, fmt.Errorf("line %d: the change before it has other lengths than its header says", i+1)
	}
	return h, i, nil
}

// span reads "-12,3"; a missing length is 1.
func span(text, sign string) (line, length int, err error) {
	digits, ok := strings.CutPrefix(text, sign)
	first, second, both := strings.Cut(digits, ",")
	length = 1
	if line, err = strconv.Atoi(first); err == nil && both {
		length, err = strconv.Atoi(second)
	}
	if !ok || err != nil || line < 0 || length < 0 {
		return 0, 0, fmt.Errorf("%q is no place in a file", text)
	}
	return line, length, nil
}

// Apply changes a file's text. A hunk may have moved, but its lines must be there exactly.
func (f *File) Apply(text string) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	shift, from := 0, 0
	for n, h := range f.Hunks {
		at := find(lines, h.Old, h.Line+shift, from)
		if at < 0 {
			return "", fmt.Errorf("%s: change %d of %d (line %d) does not fit", f.Name, n+1, len(f.Hunks), h.Line+1)
		}
		lines = slices.Concat(lines[:at], h.New, lines[at+len(h.Old):])
		from = at + len(h.New)
		shift = from - (h.Line + len(h.Old))
	}
	return strings.Join(lines, ""), nil
}

// find looks for lines at a place, then further and further from it, not before from.
func find(lines, old []string, place, from int) int {
	fits := func(at int) bool {
		return at >= from && at+len(old) <= len(lines) && slices.Equal(lines[at:at+len(old)], old)
	}
	for distance := 0; distance <= len(lines)+max(place, -place); distance++ {
		if fits(place - distance) {
			return place - distance
		}
		if fits(place + distance) {
			return place + distance
		}
	}
	return -1
}

// ApplyTo applies a diff to the files below a folder. Files in folders that are not there
// are left out: vendoring leaves out packages that nothing imports.
func ApplyTo(dir, diff string) error {
	files, err := Parse(diff)
	if err != nil {
		return err
	}
	applied := 0
	for _, f := range files {
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("%q is not below the patched folder", f.Name)
		}
		path := filepath.Join(dir, f.Name)
		if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed, err := f.Apply(string(text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			return err
		}
		applied++
	}
	if applied == 0 {
		return errors.New("none of its files is there")
	}
	return nil
}
