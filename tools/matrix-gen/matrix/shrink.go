// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Shrunk is a part of a matrix that has fewer kernels than before.
type Shrunk struct {
	Cell
	// Before and Now are the numbers of kernels.
	Before, Now int
	// Gone holds the names of those that were there before, sorted.
	Gone []string
}

func (s Shrunk) String() string {
	what := fmt.Sprintf("shrank from %d to %d kernels", s.Before, s.Now)
	if s.Now == 0 {
		what = fmt.Sprintf("vanished; it had %d kernels", s.Before)
	}
	return fmt.Sprintf("%s/%s %s (gone: %s)", s.Distribution, s.Arch, what, some(s.Gone))
}

// CheckShrink compares a matrix with the previous one. A crawl that failed for a
// distribution, or that read half of a mirror, is written like a good one: that
// there are suddenly fewer kernels is the only sign. A cell may lose up to
// tolerance per cent of its kernels; kernels that other ones replace do not count.
func CheckShrink(before, now []Element, tolerance float64) error {
	shrunk := FindShrunk(before, now, tolerance)
	if len(shrunk) == 0 {
		return nil
	}
	lines := make([]string, len(shrunk))
	for i, s := range shrunk {
		lines[i] = "  " + s.String()
	}
	return fmt.Errorf("there are fewer kernels than in the previous list:\n%s\n"+
		"crawl again, or accept it with --allow-shrink", strings.Join(lines, "\n"))
}

// FindShrunk returns the cells that CheckShrink complains about.
func FindShrunk(before, now []Element, tolerance float64) []Shrunk {
	old, current := byCell(before), byCell(now)
	var shrunk []Shrunk
	for cell, names := range old {
		n, m := len(names), len(current[cell])
		if m >= n || m > 0 && float64(n-m) <= tolerance/100*float64(n) {
			continue
		}
		s := Shrunk{Cell: cell, Before: n, Now: m}
		for name := range names {
			if !current[cell][name] {
				s.Gone = append(s.Gone, name)
			}
		}
		slices.Sort(s.Gone)
		shrunk = append(shrunk, s)
	}
	slices.SortFunc(shrunk, func(a, b Shrunk) int {
		return cmp.Or(cmp.Compare(a.Distribution, b.Distribution), cmp.Compare(a.Arch, b.Arch))
	})
	return shrunk
}

func byCell(elements []Element) map[Cell]map[string]bool {
	cells := map[Cell]map[string]bool{}
	for _, e := range elements {
		cell := Cell{e.Distribution, e.Architecture}
		if cells[cell] == nil {
			cells[cell] = map[string]bool{}
		}
		cells[cell][e.KVersion] = true
	}
	return cells
}

// Cells returns the cells of a count in the order in which they are shown.
func Cells(counts map[Cell]Count) []Cell {
	return slices.SortedFunc(maps.Keys(counts), func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Distribution, b.Distribution), cmp.Compare(a.Arch, b.Arch))
	})
}
