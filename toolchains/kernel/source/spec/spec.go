// SPDX-License-Identifier: Apache-2.0

// Package spec reads of an RPM package's spec which patches it has.
//
// It is no rpmbuild: conditions (%if) are not decided, so what stands in each
// of their branches counts, and of a macro the last definition above a line.
package spec

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Patch is one that a spec lists.
type Patch struct {
	Number int    // of the tag: 12 of Patch0012
	File   string // name in the package; empty where Err is set
	Line   int    // of the spec
	Err    error  // why the name is not known
}

// Tag is how the spec names the patch, without leading zeros.
func (p Patch) Tag() string { return "Patch" + strconv.Itoa(p.Number) }

var (
	patchTag   = regexp.MustCompile(`(?i)^patch(\d*)\s*:\s*(\S.*)$`)
	otherTag   = regexp.MustCompile(`(?i)^(name|version|release)\s*:\s*(\S.*)$`)
	definition = regexp.MustCompile(`(?s)^%(define|global)\s+(\w+)(\([^)]*\))?\s+(\S.*)$`)
	section    = regexp.MustCompile(`^%(\w+)`)
)

// Patches lists the patches in the order of their numbers, which is the one
// that %autosetup applies them in.
func Patches(text string) ([]Patch, error) {
	var patches []Patch
	m := macros{"nil": {}}
	last := -1
	list := false // in %patchlist
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		number := i + 1
		line := strings.TrimSpace(lines[i])
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + "\n" + strings.TrimRight(lines[i], " \t\r")
		}
		if s := section.FindStringSubmatch(line); s != nil {
			switch s[1] {
			case "prep", "build", "install", "check", "files", "changelog":
				list = false
				if s[1] == "prep" || s[1] == "changelog" {
					i = len(lines) // tags stand above
				}
				continue
			case "patchlist":
				list = true
				continue
			case "description", "package", "sourcelist":
				list = false
			}
		}
		if d := definition.FindStringSubmatch(line); d != nil {
			m.define(d[1] == "global", d[2], d[3] != "", d[4])
			continue
		}
		if t := otherTag.FindStringSubmatch(line); t != nil {
			m.define(true, strings.ToLower(t[1]), false, t[2])
			continue
		}
		p := Patch{Number: last + 1, Line: number}
		value := line
		switch t := patchTag.FindStringSubmatch(line); {
		case list && line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "%if") && line != "%else" && line != "%endif":
		case t == nil:
			continue
		default:
			value = t[2]
			if t[1] != "" {
				n, err := strconv.Atoi(t[1])
				if err != nil {
					return nil, fmt.Errorf("line %d: the number of %.40q: %w", number, line, err)
				}
				p.Number = n
			}
		}
		last = p.Number
		p.File, p.Err = m.expand(value)
		// A URL may stand for the name.
		p.File = p.File[strings.LastIndex(p.File, "/")+1:]
		patches = append(patches, p)
	}
	slices.SortStableFunc(patches, func(a, b Patch) int { return cmp.Compare(a.Number, b.Number) })
	return patches, nil
}
