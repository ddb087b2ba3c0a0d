// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// Bounds of what a guest may send of gcov's counts. A driver's source has some
// hundred arcs of eight bytes each; more than this is not from our modules.
const (
	MaxCoverageFiles = 1024    // data files
	MaxCoverageBytes = 2 << 20 // bytes of all of them
	maxCoverageName  = 512     // bytes of one name
)

// CheckCoverageName refuses a name that is not one of a data file below the folder
// that it is written to: relative, clean, printable, and ending in .gcda.
func CheckCoverageName(name string) error {
	switch {
	case len(name) > maxCoverageName:
		return fmt.Errorf("coverage: a name has %d bytes, more than %d: %.40q", len(name), maxCoverageName, name)
	case path.Ext(name) != ".gcda", path.Base(name) == ".gcda":
		return fmt.Errorf("coverage: %q is not the name of a .gcda file", name)
	case !filepath.IsLocal(name), path.Clean(name) != name:
		return fmt.Errorf("coverage: %q is not a clean name below a folder", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return fmt.Errorf("coverage: %q has a character that names of sources do not have", name)
	}
	return nil
}

// Coverage puts the pieces of data files together.
type Coverage struct {
	// Files has the contents by the name below the kernel's folder for gcov.
	Files map[string][]byte
	size  int
}

// Take adds the piece of one event of TypeCoverage. A bad name, or more than the
// bounds, is an error, and the piece is not taken.
func (c *Coverage) Take(ev Event) error {
	if err := CheckCoverageName(ev.File); err != nil {
		return err
	}
	data := ev.Data()
	if _, known := c.Files[ev.File]; !known && len(c.Files) == MaxCoverageFiles {
		return fmt.Errorf("coverage: more than %d files", MaxCoverageFiles)
	}
	if c.size+len(data) > MaxCoverageBytes {
		return fmt.Errorf("coverage: more than %d bytes", MaxCoverageBytes)
	}
	if c.Files == nil {
		c.Files = map[string][]byte{}
	}
	c.size += len(data)
	c.Files[ev.File] = append(c.Files[ev.File], data...)
	return nil
}
