// SPDX-License-Identifier: Apache-2.0

// Package resolve turns roots.json into a lock with the indexes of the
// machine's mirrors.
package resolve

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/depends"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/tools/deb-lock/lockfile"
	"github.com/tidelock/tidelock/tools/deb-lock/roots"
)

// Resolve finds the packages of each root. Progress goes to log.
func Resolve(ctx context.Context, client *index.Client, f *roots.File, log io.Writer) (*lockfile.File, error) {
	universes, dates, err := load(ctx, client, f, log)
	if err != nil {
		return nil, err
	}
	out := &lockfile.File{
		Schema: lockfile.Schema, Archives: map[string]lockfile.Archive{},
		Packages: map[string]lockfile.Package{}, Roots: map[string][]string{},
	}
	unused := maps.Clone(f.Exclude)
	for _, name := range f.Names() {
		r := f.Roots[name]
		res, err := universes[r.Arch].Closure(depends.Request{
			Suites: r.Suites, Packages: r.Packages, Exclude: f.Excluded(r), Pin: r.Pin,
		})
		if err != nil {
			return nil, fmt.Errorf("root %s: %w", name, err)
		}
		for x := range r.Exclude {
			if !slices.Contains(res.Excluded, x) {
				return nil, fmt.Errorf("root %s: nothing in it depends on %s; take it out of \"exclude\"", name, x)
			}
		}
		for _, x := range res.Excluded {
			delete(unused, x)
		}
		if err := add(out, name, res.Packages); err != nil {
			return nil, fmt.Errorf("root %s: %w", name, err)
		}
	}
	if len(unused) > 0 {
		return nil, fmt.Errorf("nothing in any root depends on %s; take them out of \"exclude\"", strings.Join(slices.Sorted(maps.Keys(unused)), ", "))
	}
	for _, p := range out.Packages {
		out.Archives[p.Archive] = lockfile.Archive{Snapshot: index.SnapshotAfter(dates[p.Archive])}
	}
	return out, nil
}

func load(ctx context.Context, client *index.Client, f *roots.File, log io.Writer) (map[string]*depends.Universe, map[string]time.Time, error) {
	wanted := map[string]map[string]bool{} // suite -> architectures
	universes := map[string]*depends.Universe{}
	for _, r := range f.Roots {
		universes[r.Arch] = depends.NewUniverse()
		for _, s := range append(slices.Collect(maps.Values(r.Pin)), r.Suites...) {
			if wanted[s] == nil {
				wanted[s] = map[string]bool{}
			}
			wanted[s][r.Arch] = true
		}
	}
	dates := map[string]time.Time{}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		s, err := client.Load(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if d := s.Release.Date; d.After(dates[s.Archive]) {
			dates[s.Archive] = d
		}
		for _, arch := range slices.Sorted(maps.Keys(wanted[name])) {
			n := 0
			err := s.Packages(ctx, arch, func(p *index.Package) error { n++; return universes[arch].Add(p) })
			if err != nil {
				return nil, nil, err
			}
			fmt.Fprintf(log, "%s %s: %d packages, signed by %s\n", name, arch, n, s.Signer)
		}
	}
	return universes, dates, nil
}

func add(out *lockfile.File, root string, packages []*index.Package) error {
	keys := make([]string, 0, len(packages))
	for _, p := range packages {
		k := p.Key()
		x := lockfile.Package{
			Name: p.Name, Version: p.Version, Arch: p.Arch, Suite: p.Suite,
			Archive: p.Archive, Path: p.Path, SHA256: p.SHA256, Size: p.Size,
		}
		if have, ok := out.Packages[k]; ok {
			if have.SHA256 != x.SHA256 {
				return fmt.Errorf("%s is another file in %s than in %s", k, x.Suite, have.Suite)
			}
			// One file in several suites: the alphabetically first is named,
			// whatever the order of the roots.
			if have.Suite < x.Suite {
				x = have
			}
		}
		out.Packages[k] = x
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out.Roots[root] = keys
	return nil
}
