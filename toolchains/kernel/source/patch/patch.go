// SPDX-License-Identifier: Apache-2.0

// Package patch applies the patches of a source package to files in memory, as
// `patch -p1 -F0` does to those of a folder: a hunk may have moved, and every
// line that it names has to be there.
//
// Parsing is github.com/bluekeyes/go-gitdiff's. Of what that lets pass, two
// things are done here: the first folder of names is taken off in diffs that
// git did not make, and lines that no hunk counts are an error. Placing hunks
// is done here too, because that library knows only the exact line.
package patch

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// Patch is a patch of a source package: one diff, or several mails of
// git format-patch in one file.
type Patch struct {
	Name string // for messages. Example: 0001-net-add-x.patch
	Text []byte
}

// File is a file of the tree. It is not changed once it is in a tree.
type File struct {
	Data []byte // contents, or a symbolic link's target
	Mode int64  // permissions
	Link bool   // whether it is a symbolic link
}

// types of git's file modes.
const (
	modeType    = 0o170000
	modeRegular = 0o100000
	modeSymlink = 0o120000
)

// noName stands in a diff for the file that is not there.
const noName = "/dev/null"

// Touched names the files that patches change, make or take away and that keep
// wants, and those that such files are copies or new names of: what has to be
// in the tree when the patches are applied. Errors begin with a patch's name.
func Touched(patches []Patch, keep func(name string) bool) (map[string]bool, error) {
	touched := map[string]bool{}
	type move struct{ from, to string }
	var moves []move
	for _, p := range patches {
		parts, err := p.parse()
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			for _, f := range part {
				for _, name := range []string{f.OldName, f.NewName} {
					if name != "" && keep(name) {
						touched[name] = true
					}
				}
				if f.IsCopy || f.IsRename {
					moves = append(moves, move{f.OldName, f.NewName})
				}
			}
		}
	}
	for more := true; more; {
		more = false
		for _, m := range moves {
			if touched[m.to] && !touched[m.from] {
				touched[m.from], more = true, true
			}
		}
	}
	return touched, nil
}

// parse reads the diffs of each commit in the patch. Names are those below the
// tree's top; the side that is not there has none.
func (p Patch) parse() ([][]*gitdiff.File, error) {
	parts, err := split(string(p.Text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	var all [][]*gitdiff.File
	for _, part := range parts {
		files, _, err := gitdiff.Parse(strings.NewReader(part.text))
		if err != nil {
			return nil, fmt.Errorf("%s: in what begins at line %d: %w", p.Name, part.line, err)
		}
		for _, f := range files {
			if err := settle(f); err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		if len(files) > 0 {
			all = append(all, files)
		}
	}
	// Distributions ship an empty patch for a developer's own changes.
	if len(all) == 0 && strings.TrimSpace(string(p.Text)) != "" {
		return nil, fmt.Errorf("%s: no diff is in it", p.Name)
	}
	return all, nil
}

// settle gives a file the one form in which the rest knows it.
func settle(f *gitdiff.File) error {
	if f.OldName == noName {
		f.IsNew = true
	}
	if f.NewName == noName {
		f.IsDelete = true
	}
	if f.IsNew {
		f.OldName = ""
	}
	if f.IsDelete {
		f.NewName = ""
	}
	if f.IsNew && f.IsDelete {
		return errors.New("a diff of nothing with nothing")
	}
	if !f.IsNew && !f.IsDelete && !f.IsRename && !f.IsCopy && !f.IsBinary && f.NewMode == 0 && len(f.TextFragments) == 0 {
		return fmt.Errorf("nothing is said to change in %s; is it truncated?", f.NewName)
	}
	for _, name := range []string{f.OldName, f.NewName} {
		if name != "" && (!filepath.IsLocal(name) || path.Clean(name) != name) {
			return fmt.Errorf("the name %.80q leads out of the sources", name)
		}
	}
	return nil
}
