// SPDX-License-Identifier: Apache-2.0

// Package lock makes, reads and writes kernels.lock.json: every kernel that
// drivers are built for, with its packages pinned by checksum and with what its
// header package says about how it was built.
package lock

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/strictjson"
)

// Schema is the version of the file's format.
const Schema = 1

// File is a whole lock.
type File struct {
	Schema int `json:"schema"`
	// Archives says for each archive id at which moment snapshot.debian.org
	// has the packages.
	Archives map[string]crawler.Archive `json:"archives"`
	// Packages holds all package files by file name.
	Packages map[string]Package `json:"packages"`
	// Kernels is sorted by distribution, architecture and release.
	Kernels []Kernel `json:"kernels"`
}

// Package is one pinned file.
type Package struct {
	// Archive and Path say where the file is in a Debian-style archive.
	Archive string `json:"archive,omitempty"`
	Path    string `json:"path,omitempty"`
	// URL says where it is if it is in no such archive.
	URL string `json:"url,omitempty"`
	// Snapshot is the moment at which snapshot.debian.org has this file, if it
	// is another than the archive's: the file has left the archive since.
	Snapshot string `json:"snapshot,omitempty"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
}

// Kernel is one locked kernel.
type Kernel struct {
	Distribution string `json:"distribution"`
	Arch         string `json:"arch"`
	// Release is what uname -r prints, and the last part of vermagic's first word.
	Release string `json:"release"`
	// Alias is the crawler's name of the kernel.
	Alias string `json:"alias"`
	// Version is the version of the header package.
	Version string `json:"version"`
	// Series is "6.1", "6.12", …
	Series string `json:"series"`
	// Flavour is "generic", "cloud", "rt" or what else the distribution has.
	Flavour string `json:"flavour"`
	// Format is the kind of package: "deb" or "rpm".
	Format string `json:"format"`
	// Kbuild says where the kernel's host tools come from: "packaged" (a
	// package for the build machine) or "rebuild" (from the headers' scripts).
	Kbuild   string   `json:"kbuild"`
	Compiler Compiler `json:"compiler"`
	// Config holds the Facts that the kernel's architecture has.
	Config map[string]string `json:"config"`
	// Packages maps roles (headers, common, kbuild_<machine>, image) to keys
	// of File.Packages.
	Packages map[string]string `json:"packages"`
	// Archived marks a kernel that the archives no longer list.
	Archived bool `json:"archived"`
}

// Compiler is what built the kernel.
type Compiler struct {
	// Name is "gcc" or "clang".
	Name string `json:"name"`
	// Major is the major version.
	Major int `json:"major"`
	// Text is CONFIG_CC_VERSION_TEXT as it stands.
	Text string `json:"text"`
}

// Key names the kernel everywhere: distribution/arch/release.
func (k Kernel) Key() string { return path.Join(k.Distribution, k.Arch, k.Release) }

func compareKernels(a, b Kernel) int {
	return cmp.Or(
		cmp.Compare(a.Distribution, b.Distribution),
		cmp.Compare(a.Arch, b.Arch),
		cmp.Compare(a.Release, b.Release),
	)
}

// ReadFile reads a lock from a file.
func ReadFile(name string) (*File, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such lock file; \"matrix-gen lock\" makes one: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return Parse(data, name)
}

// Parse reads a lock. The source is only used in messages. What it returns is
// consistent: every package that a kernel names is there, and each is pinned.
func Parse(data []byte, source string) (*File, error) {
	var f File
	err := strictjson.Decode(data, &f)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: not a usable kernel lock: %w", source, err)
	}
	return &f, nil
}

func (f *File) check() error {
	if f.Schema != Schema {
		return fmt.Errorf("its schema is %d, this program knows schema %d", f.Schema, Schema)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Packages)) {
		if err := f.checkPackage(name); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i, k := range f.Kernels {
		if err := f.checkKernel(k); err != nil {
			return fmt.Errorf("kernel %d (%s): %w", i, k.Key(), err)
		}
		if seen[k.Key()] {
			return fmt.Errorf("%s stands in it twice", k.Key())
		}
		seen[k.Key()] = true
	}
	return nil
}

func (f *File) checkPackage(name string) error {
	p := f.Packages[name]
	inArchive := p.Archive != "" && p.Path != "" && p.URL == ""
	byURL := p.Archive == "" && p.Path == "" && p.URL != ""
	switch {
	case name == "" || strings.ContainsAny(name, "/\\") || name == "." || name == "..":
		return fmt.Errorf("the package name %q is not a file name", name)
	case !inArchive && !byURL:
		return fmt.Errorf("package %s needs either archive and path, or url", name)
	case inArchive && path.Clean("/"+p.Path) != "/"+p.Path:
		return fmt.Errorf("package %s: the path %q is not a plain relative path", name, p.Path)
	case inArchive && f.Archives[p.Archive].Snapshot == "" && p.Snapshot == "":
		return fmt.Errorf("package %s: the archive %q has no snapshot", name, p.Archive)
	case !crawler.IsSHA256(p.SHA256):
		return fmt.Errorf("package %s: %q is not a sha256", name, p.SHA256)
	case p.Size <= 0:
		return fmt.Errorf("package %s: the size is missing", name)
	}
	return nil
}

func (f *File) checkKernel(k Kernel) error {
	for _, field := range []struct{ name, value string }{
		{"distribution", k.Distribution}, {"arch", k.Arch}, {"release", k.Release}, {"alias", k.Alias},
	} {
		if !plainName(field.value) {
			return fmt.Errorf("%q cannot be the %s", field.value, field.name)
		}
	}
	if k.Packages[crawler.RoleHeaders] == "" {
		return errors.New("it has no header package")
	}
	for _, role := range slices.Sorted(maps.Keys(k.Packages)) {
		if _, ok := f.Packages[k.Packages[role]]; !ok {
			return fmt.Errorf("its %s package %q is not among the packages", role, k.Packages[role])
		}
	}
	return nil
}

// plainName tells whether s can be one part of a path and of a label.
func plainName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\\ \t\n\"'`$")
}

// Write prints the lock in its canonical form.
func (f *File) Write(w io.Writer) error {
	sorted := *f
	sorted.Kernels = slices.SortedFunc(slices.Values(f.Kernels), compareKernels)
	if sorted.Kernels == nil {
		sorted.Kernels = []Kernel{}
	}
	if err := sorted.check(); err != nil {
		return fmt.Errorf("the lock would not be usable: %w", err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sorted); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}
