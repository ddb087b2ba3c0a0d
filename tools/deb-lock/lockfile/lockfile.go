// SPDX-License-Identifier: Apache-2.0

// Package lockfile is the form of toolchains/debian/packages.lock.json: which
// packages each tool root is made of, each pinned by its checksum.
package lockfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// Schema is the version of the form.
const Schema = 1

// File is the whole lock.
type File struct {
	Schema int `json:"schema"`
	// Archives that packages come from, by their id.
	Archives map[string]Archive `json:"archives"`
	// Packages by their key, name_version_arch.deb.
	Packages map[string]Package `json:"packages"`
	// Roots and the keys of their packages, sorted.
	Roots map[string][]string `json:"roots"`
}

// Archive says where the files of an archive are kept for ever.
type Archive struct {
	// Snapshot is a timestamp of snapshot.debian.org at which all the files
	// were in the archive.
	Snapshot string `json:"snapshot"`
}

// Package is a pinned package.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch"`
	Suite   string `json:"suite"`
	Archive string `json:"archive"`
	Path    string `json:"path"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	// Snapshot is a timestamp of snapshot.debian.org at which the file was in
	// the archive, if it is another than the archive's: the suite that the
	// file came from has left the mirrors since.
	Snapshot string `json:"snapshot,omitempty"`
}

// Read reads and checks a lock.
func Read(name string) (*File, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; run deb-lock --update", name, err)
	}
	return f, nil
}

// Parse reads and checks the text of a lock.
func Parse(data []byte) (*File, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var f File
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the closing brace")
	}
	return &f, f.check()
}

var (
	sha256Form   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	snapshotForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z$`)
)

func (f *File) check() error {
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
	v := p.Version
	if _, rest, ok := strings.Cut(v, ":"); ok {
		v = rest
	}
	switch {
	case key != p.Name+"_"+v+"_"+p.Arch+".deb":
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

// Encode writes the lock in its only form: sorted, indented by two.
func (f *File) Encode() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Write replaces the lock of the given name, all of it or nothing.
func (f *File) Write(name string) error {
	data, err := f.Encode()
	if err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	_, err = t.Write(data)
	if err == nil {
		err = t.Chmod(0o644)
	}
	if err2 := t.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(t.Name(), name)
	}
	return err
}

// Change is a difference between two locks.
type Change struct {
	Root string
	// Text says what changed in the root: "+ key" or "- key".
	Text string
}

// Diff lists what differs between the roots of two locks; old may be nil.
func Diff(old, new *File) []Change {
	if old == nil {
		old = &File{}
	}
	var out []Change
	names := maps.Clone(new.Roots)
	if names == nil {
		names = map[string][]string{}
	}
	maps.Copy(names, old.Roots)
	for _, root := range slices.Sorted(maps.Keys(names)) {
		for _, k := range old.Roots[root] {
			if !slices.Contains(new.Roots[root], k) {
				out = append(out, Change{root, "- " + k})
			}
		}
		for _, k := range new.Roots[root] {
			if !slices.Contains(old.Roots[root], k) {
				out = append(out, Change{root, "+ " + k})
			} else if old.Packages[k] != new.Packages[k] {
				out = append(out, Change{root, "~ " + k})
			}
		}
	}
	return out
}
