// SPDX-License-Identifier: Apache-2.0

package lockfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

var (
	sha256Form   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	snapshotForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z$`)
)

// Check tells whether the lock adds up: all that a root names is there, pinned,
// and nothing is there that no root wants.
func (f *File) Check() error {
	if f.Schema != Schema {
		return fmt.Errorf("schema %d; this program knows %d", f.Schema, Schema)
	}
	for id, a := range f.Archives {
		if !mirror.Known(id) || !snapshotForm.MatchString(a.Snapshot) {
			return fmt.Errorf("archive %q with snapshot %q", id, a.Snapshot)
		}
	}
	used := map[string]bool{}
	for root, keys := range f.Roots {
		if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			return fmt.Errorf("root %s: its packages are not sorted", root)
		}
		for _, k := range keys {
			if _, ok := f.Packages[k]; !ok {
				return fmt.Errorf("root %s: package %s is not in the lock", root, k)
			}
			used[k] = true
		}
	}
	for k, p := range f.Packages {
		if err := f.checkPackage(k, p); err != nil {
			return fmt.Errorf("package %s: %w", k, err)
		}
		if !used[k] {
			return fmt.Errorf("package %s: no root uses it", k)
		}
	}
	return nil
}

func (f *File) checkPackage(key string, p Package) error {
	switch {
	case key != p.Key():
		return fmt.Errorf("it is %s %s of %s", p.Name, p.Version, p.Arch)
	case !sha256Form.MatchString(p.SHA256):
		return fmt.Errorf("sha256 %q", p.SHA256)
	case p.Size <= 0:
		return fmt.Errorf("size %d", p.Size)
	case !filepath.IsLocal(p.Path):
		return fmt.Errorf("path %q", p.Path)
	case p.Suite == "":
		return errors.New("no suite")
	case p.Snapshot != "" && !snapshotForm.MatchString(p.Snapshot):
		return fmt.Errorf("snapshot %q", p.Snapshot)
	}
	if _, ok := f.Archives[p.Archive]; !ok {
		return fmt.Errorf("archive %q is not in the lock", p.Archive)
	}
	return version.Check(p.Version)
}
