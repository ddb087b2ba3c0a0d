// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"fmt"
	"path"
	"strings"

	"github.com/tidelock/tidelock/tools/strictjson"
)

// Setup says what a set of packages needs besides unpacking: what is left out of
// it, and what the packages' scripts would do on an installed system. Each item
// has its reason.
type Setup struct {
	// Exclude leaves paths out, and all below them: path.Match pattern without a
	// leading slash, to the reason.
	Exclude map[string]string `json:"exclude,omitempty"`
	// Add are files, folders and links that no package brings.
	Add []Addition `json:"add,omitempty"`
}

// Addition is one thing that no package brings. Exactly one of Lines, Link and Dir
// says what it is.
type Addition struct {
	// Path is where it stands in the guest, absolute.
	Path string `json:"path"`
	// Lines are the text of a file.
	Lines []string `json:"lines,omitempty"`
	// Link is the target of a symbolic link.
	Link string `json:"link,omitempty"`
	// Dir makes a folder.
	Dir bool `json:"dir,omitempty"`
	// Why it is needed.
	Why string `json:"why"`
}

// ReadSetup reads and checks a setup.
func ReadSetup(file string) (*Setup, error) {
	s := &Setup{}
	if err := strictjson.ReadFile(file, s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %v", file, err)
	}
	return s, nil
}

func (s *Setup) check() error {
	for pattern, why := range s.Exclude {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.HasPrefix(pattern, "/") {
			return fmt.Errorf("exclude: %q is no pattern of a path without a leading slash", pattern)
		}
		if strings.TrimSpace(why) == "" {
			return fmt.Errorf("exclude: %q has no reason", pattern)
		}
	}
	for i, a := range s.Add {
		where := fmt.Sprintf("add[%d] (%s)", i, a.Path)
		if !path.IsAbs(a.Path) || path.Clean(a.Path) != a.Path || a.Path == "/" {
			return fmt.Errorf("%s: path is not an absolute, clean path below /", where)
		}
		kinds := 0
		for _, k := range []bool{a.Lines != nil, a.Link != "", a.Dir} {
			if k {
				kinds++
			}
		}
		if kinds != 1 {
			return fmt.Errorf("%s: exactly one of lines, link and dir must be given, not %d", where, kinds)
		}
		if strings.TrimSpace(a.Why) == "" {
			return fmt.Errorf("%s: why is empty: say what needs it", where)
		}
	}
	return nil
}

// node is what the addition puts into the tree.
func (a Addition) node(from string) *node {
	n := &node{from: from}
	switch {
	case a.Dir:
		n.kind = dir
	case a.Link != "":
		n.kind, n.link = symlink, a.Link
	default:
		n.kind, n.mode = file, 0o644
		for _, l := range a.Lines {
			n.data = append(append(n.data, l...), '\n')
		}
		if n.data == nil {
			n.data = []byte{}
		}
	}
	return n
}
