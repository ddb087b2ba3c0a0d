// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kernels lists the columns that one of the package's tests has a result in. Each
// package has a table of its own: the kernels of one are often not those of the next,
// and the columns of all together do not fit on a screen.
func (p *Package) Kernels(all []*Kernel) []*Kernel {
	var some []*Kernel
	for _, k := range all {
		if slices.ContainsFunc(p.Rows, func(r *Row) bool { return r.On(k) != nil }) {
			some = append(some, k)
		}
	}
	return some
}

// Asks is the verdict that all of the row's tests ask for, if that is not PASS.
func (r *Row) Asks() string {
	asks, known := "", false
	for _, c := range r.Cells {
		switch {
		case c.Class == NoResult || c.Class == Unreadable || c.Class == Skipped:
			// What it asks for nobody knows.
		case known && c.Expected != asks:
			return "" // each result has its own
		default:
			asks, known = c.Expected, true
		}
	}
	return asks
}

// asks is true when one of the package's rows asks for another verdict than PASS.
func (p *Package) asks() bool {
	return slices.ContainsFunc(p.Rows, func(r *Row) bool { return r.Asks() != "" })
}

// Tally is how many results are as they should be, or not.
type Tally struct{ OK, Bad, Skipped int }

// All is the number of results.
func (t Tally) All() int { return t.OK + t.Bad + t.Skipped }

// String shows it in a table's cell.
func (t Tally) String() string {
	switch {
	case t.All() == 0:
		return "·"
	case t.Bad > 0:
		return fmt.Sprintf("✗ %d of %d", t.Bad, t.All())
	case t.Skipped > 0:
		return strings.TrimPrefix(fmt.Sprintf("✓ %d, ○ %d", t.OK, t.Skipped), "✓ 0, ")
	}
	return fmt.Sprintf("✓ %d", t.OK)
}

// Tally counts the package's results under a kernel. One of several guests counts
// under the kernel of each.
func (p *Package) Tally(k *Kernel) Tally {
	var t Tally
	for _, r := range p.Rows {
		c := r.On(k)
		switch {
		case c == nil:
		case c.Status == OK:
			t.OK++
		case c.Status == Skip:
			t.Skipped++
		default:
			t.Bad++
		}
	}
	return t
}

// ShortName is the last part of the package's name, or more of it where another
// package has the same.
func (p *Package) ShortName(all []*Package) string {
	last := func(p *Package) string {
		_, s, _ := cutLast(p.Name, "/")
		return cmp.Or(s, p.Name)
	}
	for _, other := range all {
		if other != p && last(other) == last(p) {
			return p.Name
		}
	}
	return last(p)
}
