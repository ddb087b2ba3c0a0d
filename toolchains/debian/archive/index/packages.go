// SPDX-License-Identifier: Apache-2.0

package index

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// Package is one entry of a Packages file.
type Package struct {
	Name, Version, Arch string
	// Source is the name of the source package.
	Source string
	// Depends, PreDepends and Provides are the fields' text.
	Depends, PreDepends, Provides string
	// Essential tells that packages need not depend on this one to use it.
	Essential bool
	// Path of the file below the archive, its checksum and size.
	Path, SHA256 string
	Size         int64
	// Suite and Archive say which index the entry is from.
	Suite, Archive string
}

// Key is the name under which locks list the package: that of its file as
// dpkg would name it, name_version_arch.deb without the epoch.
func (p *Package) Key() string {
	v := p.Version
	if _, rest, ok := strings.Cut(v, ":"); ok {
		v = rest
	}
	return p.Name + "_" + v + "_" + p.Arch + ".deb"
}

var packageFields = []string{"Package", "Version", "Architecture", "Source", "Depends", "Pre-Depends", "Provides", "Essential", "Filename", "SHA256", "Size"}

// ParsePackages reads a Packages file and calls f for each entry.
func ParsePackages(r io.Reader, f func(*Package) error) error {
	strs := map[string]string{}
	intern := func(s string) string { // architectures and sources repeat
		if v, ok := strs[s]; ok {
			return v
		}
		strs[s] = s
		return s
	}
	n := 0
	return ParseStanzas(r, packageFields, func(s Stanza) error {
		n++
		p := &Package{
			Name: s["Package"], Version: s["Version"], Arch: intern(s["Architecture"]),
			Depends: s["Depends"], PreDepends: s["Pre-Depends"], Provides: s["Provides"],
			Essential: s["Essential"] == "yes",
			Path:      s["Filename"], SHA256: s["SHA256"],
		}
		p.Source, _, _ = strings.Cut(s["Source"], " ")
		if p.Source == "" {
			p.Source = p.Name
		}
		p.Source = intern(p.Source)
		if err := p.check(s["Size"]); err != nil {
			return fmt.Errorf("entry %d (%q): %w", n, p.Name, err)
		}
		return f(p)
	})
}

func (p *Package) check(size string) error {
	if !isName(p.Name) {
		return errors.New("its Package field is no package name")
	}
	if err := version.Check(p.Version); err != nil {
		return err
	}
	if !isName(p.Arch) && p.Arch != "all" {
		return fmt.Errorf("Architecture %q", p.Arch)
	}
	if !filepath.IsLocal(p.Path) {
		return fmt.Errorf("Filename %q does not lead into the archive", p.Path)
	}
	if !isSHA256(p.SHA256) {
		return fmt.Errorf("SHA256 %q", p.SHA256)
	}
	var err error
	if p.Size, err = strconv.ParseInt(size, 10, 64); err != nil || p.Size <= 0 {
		return fmt.Errorf("Size %q", size)
	}
	return nil
}

// isName tells whether s may be the name of a package.
func isName(s string) bool {
	if len(s) < 2 {
		return false
	}
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || strings.IndexByte("+-._", c) < 0) {
			return false
		}
	}
	return true
}
