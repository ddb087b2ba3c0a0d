// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
)

const markdownLegend = `
## Matrix

✓ success, with the class in brackets where a test asks for another than PASS; · not
run. A test of several guests stands under each one's kernel, with the verdict on the
whole and the roles that the kernel had.
`

func (m *Matrix) markdownTables(p printer) {
	if len(m.Packages) == 0 {
		return
	}
	p("%s", markdownLegend)
	m.markdownOverview(p)
	for _, pkg := range m.Packages {
		kernels := pkg.Kernels(m.Kernels)
		p("\n### %s\n\n| test |", plain(pkg.Name))
		columns := len(kernels)
		if pkg.asks() {
			p(" asks for |")
			columns++
		}
		for _, k := range kernels {
			p(" %s |", plain(k.Key))
		}
		p("\n|---|%s\n", strings.Repeat("---|", columns))
		for _, r := range pkg.Rows {
			p("| %s |", plain(r.Name))
			if pkg.asks() {
				p(" %s |", plain(r.Asks()))
			}
			for _, k := range kernels {
				p(" %s |", short(r.On(k), k))
			}
			p("\n")
		}
	}
}

// markdownOverview is the table of kernels and packages.
func (m *Matrix) markdownOverview(p printer) {
	p("\n| kernel |")
	for _, pkg := range m.Packages {
		p(" %s |", plain(pkg.ShortName(m.Packages)))
	}
	p("\n|---|%s\n", strings.Repeat("---|", len(m.Packages)))
	for _, k := range m.Kernels {
		p("| %s |", plain(k.Key))
		for _, pkg := range m.Packages {
			t := pkg.Tally(k)
			if t.Bad > 0 {
				p(" **%s** |", t)
			} else {
				p(" %s |", t)
			}
		}
		p("\n")
	}
}

// short is a result in a table's cell, in the column of a kernel.
func short(c *Cell, k *Kernel) string {
	if c == nil {
		return "·"
	}
	var words []string
	switch {
	case c.Status == OK && c.Expected != "":
		words = []string{c.Symbol(), "(" + plain(string(c.Class)) + ")"}
	case c.Status == OK:
		words = []string{c.Symbol()}
	default:
		words = []string{c.Symbol(), "**" + plain(string(c.Class)) + "**"}
	}
	if c.Times.Total > 0 {
		words = append(words, seconds(c.Times.Total))
	}
	if here := c.RolesOn(k); here != nil {
		words = append(words, "as "+plain(roleNames(here)))
	}
	return strings.Join(words, " ")
}
