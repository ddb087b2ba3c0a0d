// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// run is one run of one test.
type run struct {
	*Cell
	place
}

// Collect makes the matrix of the tests whose logs lie below the folders. Of a
// test with several results the newest counts; of equally new ones, that of the
// folder named last.
func Collect(roots []string) (*Matrix, error) {
	places, warnings, err := find(roots)
	if err != nil {
		return nil, err
	}
	m := &Matrix{Schema: 2, Warnings: warnings, Incomplete: len(warnings) > 0}
	byPath := map[string][]run{}
	for _, p := range places {
		c, warning := p.read()
		if warning != "" {
			m.Warnings = append(m.Warnings, warning)
		}
		if c == nil {
			continue
		}
		key := cmp.Or(labelPath(c.Label), p.rel)
		byPath[key] = append(byPath[key], run{c, p})
	}
	var cells []*Cell
	for _, runs := range byPath {
		cells = append(cells, newest(runs))
	}
	name(cells)
	m.arrange(cells)
	m.count()
	slices.Sort(m.Warnings)
	return m, nil
}

// newest chooses the cell of a test that has several results. Runs of one
// invocation (--runs_per_test) stand together, and the worst speaks for them.
func newest(runs []run) *Cell {
	type invocation struct {
		root int
		of   string
	}
	groups := map[invocation][]run{}
	for _, r := range runs {
		k := invocation{r.root, r.of}
		groups[k] = append(groups[k], r)
	}
	when := func(g []run) int64 {
		latest := g[0].When.Unix()
		for _, r := range g {
			latest = max(latest, r.When.Unix())
		}
		return latest
	}
	var best []run
	for _, g := range groups {
		if best == nil || cmp.Or(cmp.Compare(when(g), when(best)), cmp.Compare(g[0].root, best[0].root), cmp.Compare(g[0].of, best[0].of)) > 0 {
			best = g
		}
	}
	slices.SortFunc(best, func(a, b run) int {
		return cmp.Or(cmp.Compare(severity(b.Status), severity(a.Status)), cmp.Compare(b.When.Unix(), a.When.Unix()),
			strings.Compare(a.part, b.part), strings.Compare(a.place.rel, b.place.rel))
	})
	c := best[0].Cell
	if len(best) > 1 {
		bad := 0
		for _, r := range best {
			if r.Status == Bad {
				bad++
			}
		}
		c.Notes = append(c.Notes, fmt.Sprintf("%d of %d runs were bad; this is %s.", bad, len(best), line(best[0].part)))
	}
	return c
}

func severity(s Status) int { return slices.Index([]Status{OK, Skip, Bad}, s) }

// arrange sorts the cells into columns and rows.
func (m *Matrix) arrange(cells []*Cell) {
	slices.SortFunc(cells, func(a, b *Cell) int { return strings.Compare(a.Label, b.Label) })
	kernels := map[string]*Kernel{}
	packages := map[string]*Package{}
	rows := map[[2]string]*Row{}
	for _, c := range cells {
		columns := c.columns()
		for _, k := range columns {
			if kernels[k.Key] == nil {
				kernels[k.Key] = k
				m.Kernels = append(m.Kernels, k)
			}
		}
		pkg, target, _ := strings.Cut(c.Label, ":")
		if packages[pkg] == nil {
			packages[pkg] = &Package{Name: pkg}
			m.Packages = append(m.Packages, packages[pkg])
		}
		title := target
		if c.Roles == nil {
			title = rowName(target, c.Kernel, c.Arch)
		}
		for n := 1; ; n++ { // tests that share a short name and a kernel have a row each
			r := rows[[2]string{pkg, title}]
			if r == nil || !slices.ContainsFunc(columns, func(k *Kernel) bool { return r.On(k) != nil }) {
				break
			}
			if title = target; n > 1 {
				title = fmt.Sprintf("%s (%d)", target, n)
			}
		}
		r := rows[[2]string{pkg, title}]
		if r == nil {
			r = &Row{Name: title}
			rows[[2]string{pkg, title}] = r
			packages[pkg].Rows = append(packages[pkg].Rows, r)
		}
		r.Cells = append(r.Cells, c)
	}
	slices.SortFunc(m.Kernels, compareKernels)
	slices.SortFunc(m.Packages, func(a, b *Package) int { return strings.Compare(a.Name, b.Name) })
	order := map[string]int{}
	for i, k := range m.Kernels {
		order[k.Key] = i
	}
	first := func(c *Cell) int {
		at := len(m.Kernels)
		for _, k := range c.columns() {
			at = min(at, order[k.Key])
		}
		return at
	}
	for _, p := range m.Packages {
		slices.SortFunc(p.Rows, func(a, b *Row) int { return strings.Compare(a.Name, b.Name) })
		for _, r := range p.Rows {
			slices.SortFunc(r.Cells, func(a, b *Cell) int { return first(a) - first(b) })
		}
	}
}
