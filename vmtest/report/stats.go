// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"

	"github.com/tidelock/tidelock/vmtest/verdict"
)

// Totals counts results.
type Totals struct {
	// All is their number; OK, Bad and Skipped are its parts.
	All     int `json:"all"`
	OK      int `json:"ok"`
	Bad     int `json:"bad"`
	Skipped int `json:"skipped"`
	// Classes counts each class that occurs: first those of the harness in its
	// order, then what is no verdict.
	Classes []ClassCount `json:"classes"`
}

// ClassCount counts the results of one class.
type ClassCount struct {
	Class verdict.Class `json:"class"`
	// Count is all of them, Expected those that a test asked for.
	Count    int `json:"count"`
	Expected int `json:"expected,omitempty"`
}

// Times says how long tests took, in seconds.
type Times struct {
	// Total is the sum over all results, Median the middle one.
	Total  float64 `json:"total"`
	Median float64 `json:"median"`
	// Slowest are the labels of the slowest tests, the slowest first.
	Slowest []Slow `json:"slowest"`
}

// Slow is one slow test.
type Slow struct {
	Label   string  `json:"label"`
	Seconds float64 `json:"seconds"`
	cell    *Cell
}

// Boot is what the harness itself costs on one group of kernels. Only guests that
// were alone and came to an ordinary end count: of several each waits for the
// others, so that fillRoles leaves Overhead empty, and a guest that fails ends when
// it is ended.
type Boot struct {
	// Group is an architecture, or one with " debug" behind it.
	Group string `json:"group"`
	// Guests is how many were measured.
	Guests int `json:"guests"`
	// Overhead is all of a guest's life without its programs, Boot the time until
	// its init reports.
	Overhead Spread `json:"overhead"`
	Boot     Spread `json:"boot"`
}

// Spread is how a measure is spread, in seconds.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// slowest is how many slow tests are named.
const slowest = 5

// shownClasses is the order in which classes are listed.
var shownClasses = append(slices.Clone(verdict.Classes), NoResult, Unreadable, Skipped)

func compareClasses(a, b verdict.Class) int {
	place := func(c verdict.Class) int {
		if i := slices.Index(shownClasses, c); i >= 0 {
			return i
		}
		return len(shownClasses)
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
}

// count fills in all numbers of the matrix.
func (m *Matrix) count() {
	counts := map[verdict.Class]*ClassCount{}
	var times []float64
	var slow []Slow
	groups := map[string][2][]float64{}
	for _, c := range m.Cells() {
		m.Totals.All++
		k := counts[c.Class]
		if k == nil {
			k = &ClassCount{Class: c.Class}
			counts[c.Class] = k
		}
		k.Count++
		switch c.Status {
		case OK:
			m.Totals.OK++
			if c.Expected != "" {
				k.Expected++
			}
		case Skip:
			m.Totals.Skipped++
		default:
			m.Totals.Bad++
		}
		if m.Newest.IsZero() || c.When.After(m.Newest) {
			m.Newest = c.When
		}
		if m.Oldest.IsZero() || c.When.Before(m.Oldest) {
			m.Oldest = c.When
		}
		if c.Times.Total > 0 {
			m.Times.Total += c.Times.Total
			times = append(times, c.Times.Total)
			slow = append(slow, Slow{c.Label, c.Times.Total, c})
		}
		if c.Class == verdict.Pass && c.Times.Overhead > 0 && c.Times.Boot > 0 {
			g := parseKernel(c.Kernel, c.Arch).Group()
			groups[g] = [2][]float64{append(groups[g][0], c.Times.Overhead), append(groups[g][1], c.Times.Boot)}
		}
	}
	for _, k := range counts {
		m.Totals.Classes = append(m.Totals.Classes, *k)
	}
	slices.SortFunc(m.Totals.Classes, func(a, b ClassCount) int { return compareClasses(a.Class, b.Class) })
	m.Times.Median = spread(times).Median
	slices.SortStableFunc(slow, func(a, b Slow) int { return cmp.Compare(b.Seconds, a.Seconds) })
	m.Times.Slowest = slow[:min(slowest, len(slow))]
	for _, k := range m.Kernels { // their order is that of the groups
		g, measured := groups[k.Group()]
		if !measured {
			continue
		}
		m.Boot = append(m.Boot, Boot{k.Group(), len(g[0]), spread(g[0]), spread(g[1])})
		delete(groups, k.Group())
	}
}

// spread is the spread of a list; that of an empty one is zero.
func spread(list []float64) Spread {
	if len(list) == 0 {
		return Spread{}
	}
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	return Spread{list[0], (list[(n-1)/2] + list[n/2]) / 2, list[n-1]}
}
