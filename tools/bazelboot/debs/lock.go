// SPDX-License-Identifier: Apache-2.0

// Package debs knows the Debian packages that Bazel is put together from:
// their lock file, how to find newer ones, and how to unpack them.
package debs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

// The roots of a lock: Bazel with all it runs on, and the tool that relocates
// it and is not kept.
const (
	RootBazel    = "bazel"
	RootPatchelf = "patchelf"
)

// Lock lists packages with their checksums, in the form of all of this
// project's locks of Debian packages.
type Lock struct {
	Schema   int                 `json:"schema"`
	Archives map[string]Archive  `json:"archives"`
	Packages map[string]Package  `json:"packages"`
	Roots    map[string][]string `json:"roots"`
}

// Archive says when snapshot.debian.org had all of an archive's packages.
type Archive struct {
	Snapshot string `json:"snapshot"`
}

// Package is one .deb, under its file name in the archive.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch"`
	Suite   string `json:"suite"`
	Archive string `json:"archive"`
	Path    string `json:"path"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
}

// ReadLock reads and checks a lock file.
func ReadLock(file string) (*Lock, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	l, err := ParseLock(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

// ParseLock reads a lock and refuses one that does not add up.
func ParseLock(data []byte) (*Lock, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	l := &Lock{}
	if err := d.Decode(l); err != nil {
		return nil, fmt.Errorf("not a package lock: %w", err)
	}
	if l.Schema != 1 {
		return nil, fmt.Errorf("schema %d: this program reads schema 1", l.Schema)
	}
	for key, p := range l.Packages {
		switch {
		case path.Base(p.Path) != key:
			return nil, fmt.Errorf("package %s: its path %q ends in another name", key, p.Path)
		case p.Name == "" || p.Version == "" || p.Arch == "":
			return nil, fmt.Errorf("package %s: name, version or arch is missing", key)
		case p.Size <= 0:
			return nil, fmt.Errorf("package %s: size %d", key, p.Size)
		case !mirror.Known(p.Archive):
			return nil, fmt.Errorf("package %s: unknown archive %q", key, p.Archive)
		}
	}
	for _, root := range []string{RootBazel, RootPatchelf} {
		if len(l.Roots[root]) == 0 {
			return nil, fmt.Errorf("root %q has no packages", root)
		}
		for _, key := range l.Roots[root] {
			if _, ok := l.Packages[key]; !ok {
				return nil, fmt.Errorf("root %q names %s, which is not among the packages", root, key)
			}
		}
	}
	return l, nil
}

// Format writes a lock the way it is committed: sorted, two spaces, a final
// newline.
func (l *Lock) Format() []byte {
	for _, keys := range l.Roots {
		slices.Sort(keys)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(l); err != nil {
		panic(err) // strings and numbers only
	}
	return b.Bytes()
}

// Serves tells whether the lock's programs run on a machine of Debian's
// architecture arch.
func (l *Lock) Serves(arch string) bool {
	return slices.ContainsFunc(l.Roots[RootBazel], func(key string) bool {
		return l.Packages[key].Arch == arch
	})
}

// Version is the version of one package, "" if the lock does not have it.
func (l *Lock) Version(name string) string {
	for _, p := range l.Packages {
		if p.Name == name {
			return p.Version
		}
	}
	return ""
}

// Snapshots is what a mirror.Sources wants to know of the archives.
func (l *Lock) Snapshots() map[string]string {
	m := map[string]string{}
	for id, a := range l.Archives {
		if a.Snapshot != "" {
			m[id] = a.Snapshot
		}
	}
	return m
}

// Of lists the packages of a root, in the lock's order.
func (l *Lock) Of(root string) []Package {
	var ps []Package
	for _, key := range l.Roots[root] {
		ps = append(ps, l.Packages[key])
	}
	return ps
}

// File is the package as something to download.
func (p Package) File() fetch.File {
	return fetch.File{Archive: p.Archive, Path: p.Path, SHA256: p.SHA256, Size: p.Size}
}

// AptName is the file name that apt gives the package when it downloads it:
// unlike the name in the archive it has the version's epoch.
func (p Package) AptName() string {
	return p.Name + "_" + strings.ReplaceAll(p.Version, ":", "%3a") + "_" + p.Arch + ".deb"
}
