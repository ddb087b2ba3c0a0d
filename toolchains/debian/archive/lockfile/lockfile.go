// SPDX-License-Identifier: Apache-2.0

// Package lockfile is the form of this project's locks of Debian packages:
// which packages each root is made of, each pinned by its checksum.
package lockfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/tools/strictjson"
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
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Parse reads and checks the text of a lock.
func Parse(data []byte) (*File, error) {
	var f File
	if err := strictjson.Decode(data, &f); err != nil {
		return nil, err
	}
	return &f, f.Check()
}

// Of lists the packages of a root, in the lock's order.
func (f *File) Of(root string) []Package {
	var ps []Package
	for _, key := range f.Roots[root] {
		ps = append(ps, f.Packages[key])
	}
	return ps
}

// Snapshots gives the timestamp of each archive, as mirror.Options wants them.
func (f *File) Snapshots() map[string]string {
	m := map[string]string{}
	for id, a := range f.Archives {
		m[id] = a.Snapshot
	}
	return m
}

// Key is the name of the package in a lock: name_version_arch.deb, the version
// without its epoch.
func (p Package) Key() string {
	v := p.Version
	if _, rest, ok := strings.Cut(v, ":"); ok {
		v = rest
	}
	return p.Name + "_" + v + "_" + p.Arch + ".deb"
}

// File is the package as something to download.
func (p Package) File() fetch.File {
	return fetch.File{Archive: p.Archive, Path: p.Path, SHA256: p.SHA256, Size: p.Size}
}

// Encode writes the lock in its only form: sorted, indented by two.
func (f *File) Encode() ([]byte, error) {
	if err := f.Check(); err != nil {
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
