// SPDX-License-Identifier: Apache-2.0

package depends

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// Universe holds the packages that can be chosen from, of one architecture
// (and those of architecture all) in any number of suites.
type Universe struct {
	named    map[string][]*index.Package
	provided map[string][]*index.Package
}

// NewUniverse returns an empty universe.
func NewUniverse() *Universe {
	return &Universe{named: map[string][]*index.Package{}, provided: map[string][]*index.Package{}}
}

// Add puts a package in.
func (u *Universe) Add(p *index.Package) error {
	provides, err := Parse(p.Provides)
	if err != nil {
		return fmt.Errorf("package %s: %w", p.Name, err)
	}
	u.named[p.Name] = append(u.named[p.Name], p)
	for _, a := range provides {
		u.provided[a[0].Name] = append(u.provided[a[0].Name], p)
	}
	return nil
}

// Request says which packages are wanted.
type Request struct {
	// Suites are asked in this order: the first that has a package wins. Of
	// several versions in one suite it is the newest.
	Suites []string
	// Packages are wanted by name.
	Packages []string
	// Exclude names packages that are left out although others depend on
	// them; so is what only they depend on.
	Exclude []string
	// Pin names the suite that a package comes from, regardless of the order.
	Pin map[string]string
}

// Result of Closure.
type Result struct {
	// Packages needed, sorted by their keys.
	Packages []*index.Package
	// Excluded names that something depended on; an exclusion that is not
	// among them does nothing.
	Excluded []string
}

// Closure finds everything that the wanted packages need: Depends and
// Pre-Depends, not Recommends.
func (u *Universe) Closure(r Request) (*Result, error) {
	c := &closure{u: u, r: r, chosen: map[string]*index.Package{}, by: map[string]string{}, excluded: map[string]bool{}}
	for _, name := range r.Packages {
		p := c.candidate(name)
		if p == nil {
			return nil, fmt.Errorf("no package %s in %s", name, c.where(name))
		}
		c.choose(p, "")
	}
	for len(c.queue) > 0 {
		p := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.follow(p); err != nil {
			return nil, err
		}
	}
	out := &Result{Packages: slices.Collect(maps.Values(c.chosen)), Excluded: slices.Sorted(maps.Keys(c.excluded))}
	slices.SortFunc(out.Packages, func(a, b *index.Package) int { return cmp.Compare(a.Key(), b.Key()) })
	return out, nil
}

type closure struct {
	u        *Universe
	r        Request
	chosen   map[string]*index.Package
	by       map[string]string // who asked for it first
	excluded map[string]bool
	queue    []*index.Package
}

func (c *closure) choose(p *index.Package, by string) {
	if c.chosen[p.Name] == nil {
		c.chosen[p.Name] = p
		c.by[p.Name] = by
		c.queue = append(c.queue, p)
	}
}

func (c *closure) follow(p *index.Package) error {
	for _, field := range []string{p.PreDepends, p.Depends} {
		dependencies, err := Parse(field)
		if err != nil {
			return fmt.Errorf("%s: %w", c.chain(p.Name), err)
		}
		for _, d := range dependencies {
			if err := c.satisfy(p, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// satisfy takes what is there already before it adds anything.
func (c *closure) satisfy(p *index.Package, d Alternatives) error {
	for _, r := range d {
		if have := c.chosen[r.Name]; have != nil && meets(have, r) {
			return nil
		}
		for _, q := range c.u.provided[r.Name] {
			if c.chosen[q.Name] == q && meets(q, r) {
				return nil
			}
		}
	}
	var problems []string
	for _, r := range d {
		if slices.Contains(c.r.Exclude, r.Name) {
			c.excluded[r.Name] = true
			return nil
		}
		if have := c.chosen[r.Name]; have != nil {
			problems = append(problems, fmt.Sprintf("%s %s of %s was chosen already; pin it to another suite", have.Name, have.Version, have.Suite))
			continue
		}
		q := c.candidate(r.Name)
		if q == nil {
			q = c.provider(r)
		}
		switch {
		case q == nil:
			problems = append(problems, fmt.Sprintf("no package %s in %s", r.Name, c.where(r.Name)))
		case !meets(q, r):
			problems = append(problems, fmt.Sprintf("%s has %s %s; pin it to another suite", q.Suite, q.Name, q.Version))
		default:
			c.choose(q, p.Name)
			return nil
		}
	}
	return fmt.Errorf("%s needs %s: %s", c.chain(p.Name), d, strings.Join(problems, "; "))
}

// meets tells whether p satisfies the relation, by its own name or by one it
// provides. A provided name without a version satisfies no condition.
func meets(p *index.Package, r Relation) bool {
	if p.Name == r.Name && version.Satisfies(p.Version, r.Op, r.Version) {
		return true
	}
	provides, _ := Parse(p.Provides)
	for _, a := range provides {
		if a[0].Name != r.Name {
			continue
		}
		if r.Op == "" || a[0].Op == "=" && version.Satisfies(a[0].Version, r.Op, r.Version) {
			return true
		}
	}
	return false
}

func (c *closure) suites(name string) []string {
	if s, ok := c.r.Pin[name]; ok {
		return []string{s}
	}
	return c.r.Suites
}

func (c *closure) where(name string) string { return strings.Join(c.suites(name), ", ") }

// candidate is the package of the given name that the request's rules give.
func (c *closure) candidate(name string) *index.Package {
	for _, suite := range c.suites(name) {
		if best := newest(c.u.named[name], suite); best != nil {
			return best
		}
	}
	return nil
}

func newest(ps []*index.Package, suite string) (best *index.Package) {
	for _, p := range ps {
		if p.Suite == suite && (best == nil || version.Compare(p.Version, best.Version) > 0) {
			best = p
		}
	}
	return best
}

// provider finds a package that provides a virtual one: of the first suite
// that has any, the first by name.
func (c *closure) provider(r Relation) *index.Package {
	for _, suite := range c.r.Suites {
		var best *index.Package
		for _, q := range c.u.provided[r.Name] {
			if q.Suite != suite || q != c.candidate(q.Name) || !meets(q, r) || slices.Contains(c.r.Exclude, q.Name) {
				continue
			}
			if best == nil || q.Name < best.Name {
				best = q
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// chain says how a package came to be needed: gcc-12 > cpp-12 > libisl23.
func (c *closure) chain(name string) string {
	parts := []string{name}
	for by := c.by[name]; by != "" && len(parts) < 20; by = c.by[by] {
		parts = append(parts, by)
	}
	slices.Reverse(parts)
	return strings.Join(parts, " > ")
}
