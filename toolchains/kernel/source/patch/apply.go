// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"errors"
	"fmt"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// Apply changes the files of the tree that are touched; what the patch does to
// others is passed over. Errors name the patch, the file and the hunk.
func (p Patch) Apply(tree map[string]*File, touched map[string]bool) error {
	parts, err := p.parse()
	if err != nil {
		return err
	}
	for _, part := range parts {
		if name, err := commit(part, tree, touched); err != nil {
			return fmt.Errorf("%s: %s: %w", p.Name, name, err)
		}
	}
	return nil
}

// commit applies what belongs together: files leave first, so that another may
// take a name, and new names and copies are of what was there before. With an
// error comes the file's name.
func commit(files []*gitdiff.File, tree map[string]*File, touched map[string]bool) (string, error) {
	sources := map[string]*File{}
	for _, f := range files {
		if f.IsRename || f.IsCopy {
			sources[f.OldName] = tree[f.OldName]
		}
	}
	for _, f := range files {
		if !touched[f.OldName] || !f.IsDelete && !f.IsRename {
			continue
		}
		if err := leave(f, tree); err != nil {
			return f.OldName, err
		}
	}
	for _, f := range files {
		if f.IsDelete || !touched[f.NewName] {
			continue
		}
		base := tree[f.NewName]
		if f.IsRename || f.IsCopy {
			if base != nil {
				return f.NewName, fmt.Errorf("it is to come from %s, and is there already", f.OldName)
			}
			if base = sources[f.OldName]; base == nil {
				return f.NewName, fmt.Errorf("it is to come from %s, which is not there", f.OldName)
			}
		}
		made, err := change(f, base)
		if err != nil {
			return f.NewName, err
		}
		tree[f.NewName] = made
	}
	return "", nil
}

// leave takes away a file that is deleted, or gets another name.
func leave(f *gitdiff.File, tree map[string]*File) error {
	old := tree[f.OldName]
	if old == nil {
		return errors.New("it is to go, and is not there")
	}
	if f.IsDelete {
		if f.IsBinary {
			return errBinary
		}
		left, err := hunks(old.Data, f.TextFragments)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("it is to go, and %d bytes of it are not in the patch", len(left))
		}
	}
	delete(tree, f.OldName)
	return nil
}

var errBinary = errors.New("a binary patch, and the file is one that is kept; binary patches are not known")

// change makes the new state of a file; base is nil where there was none.
func change(f *gitdiff.File, base *File) (*File, error) {
	if f.IsBinary {
		return nil, errBinary
	}
	isNew := f.IsNew || base == nil && fromNothing(f)
	switch {
	case isNew && base != nil:
		return nil, errors.New("it is to be new, and is there already")
	case isNew:
		base = &File{Mode: 0o644, Link: int(f.NewMode)&modeType == modeSymlink}
	case base == nil:
		return nil, errors.New("it is to be changed, and is not there")
	}
	data, err := hunks(base.Data, f.TextFragments)
	if err != nil {
		return nil, err
	}
	made := &File{Data: data, Mode: base.Mode, Link: base.Link}
	if mode := int(f.NewMode); mode != 0 {
		made.Mode = int64(mode & 0o777)
		switch link := mode&modeType == modeSymlink; {
		case mode&modeType != modeRegular && !link:
			return nil, fmt.Errorf("mode %o, which is neither a file's nor a symbolic link's", mode)
		case link != base.Link:
			return nil, errors.New("a file becomes a symbolic link, or one a file, without going first")
		}
	}
	return made, nil
}

// fromNothing tells a new file of a diff that git did not make, and whose
// times do not say so.
func fromNothing(f *gitdiff.File) bool {
	return !f.IsRename && !f.IsCopy && len(f.TextFragments) == 1 &&
		f.TextFragments[0].OldPosition == 0 && f.TextFragments[0].OldLines == 0
}
