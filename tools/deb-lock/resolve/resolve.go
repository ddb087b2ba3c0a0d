// SPDX-License-Identifier: Apache-2.0

// Package resolve turns roots.json into a lock with the indexes of the
// machine's mirrors.
package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/depends"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/tools/deb-lock/roots"
)

// Resolve finds the packages of each root. Progress goes to log. A root that
// takes packages from a suite that no mirror has any more keeps those of the
// old lock, which may be nil.
func Resolve(ctx context.Context, client *index.Client, f *roots.File, old *lockfile.File, log io.Writer) (*lockfile.File, error) {
	in, err := load(ctx, client, f, log)
	if err != nil {
		return nil, err
	}
	out := &lockfile.File{
		Schema: lockfile.Schema, Archives: map[string]lockfile.Archive{},
		Packages: map[string]lockfile.Package{}, Roots: map[string][]string{},
	}
	var kept []string
	unused := maps.Clone(f.Exclude)
	for _, name := range f.Names() {
		r := f.Roots[name]
		if err := in.missing(r); err != nil {
			if old == nil || old.Roots[name] == nil {
				return nil, fmt.Errorf("root %s: %w, and there is no lock that it could be kept from", name, err)
			}
			fmt.Fprintf(log, "root %s is kept as it was: %v\n", name, err)
			kept = append(kept, name)
			continue
		}
		res, err := in.universes[r.Arch].Closure(depends.Request{
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
	// An exclusion may be for the roots that were not resolved.
	if len(unused) > 0 && len(kept) == 0 {
		return nil, fmt.Errorf("nothing in any root depends on %s; take them out of \"exclude\"", strings.Join(slices.Sorted(maps.Keys(unused)), ", "))
	}
	for _, p := range out.Packages {
		out.Archives[p.Archive] = lockfile.Archive{Snapshot: index.SnapshotAfter(in.dates[p.Archive])}
	}
	if old != nil {
		stay(out, old)
	}
	for _, name := range kept {
		keep(out, old, name)
	}
	return out, nil
}

// stay keeps the old time of an archive that gives nothing new, so that a new
// index alone changes no lock.
func stay(out, old *lockfile.File) {
	moved := map[string]bool{}
	for k, p := range out.Packages {
		if before, ok := old.Packages[k]; !ok || before != p {
			moved[p.Archive] = true
		}
	}
	for id := range out.Archives {
		if before, ok := old.Archives[id]; ok && !moved[id] {
			out.Archives[id] = before
		}
	}
}

// keep takes a root over from the old lock. What has left the archives since is
// to be had at the time of the old lock.
func keep(out, old *lockfile.File, root string) {
	for _, k := range old.Roots[root] {
		if _, ok := out.Packages[k]; ok {
			continue
		}
		p := old.Packages[k]
		p.Snapshot = cmp.Or(p.Snapshot, old.Archives[p.Archive].Snapshot)
		if _, ok := out.Archives[p.Archive]; !ok {
			out.Archives[p.Archive] = old.Archives[p.Archive]
		}
		if p.Snapshot == out.Archives[p.Archive].Snapshot {
			p.Snapshot = ""
		}
		out.Packages[k] = p
	}
	out.Roots[root] = slices.Clone(old.Roots[root])
}

// indexes is what the mirrors have.
type indexes struct {
	universes map[string]*depends.Universe // by architecture
	dates     map[string]time.Time         // of the newest head, by archive
	gone      map[string]*index.GoneError  // by suite
}

// missing tells why a root cannot be resolved.
func (in *indexes) missing(r *roots.Root) error {
	for _, s := range suites(r) {
		if err := in.gone[s]; err != nil {
			return err
		}
	}
	return nil
}

// suites lists all that a root takes packages from.
func suites(r *roots.Root) []string {
	out := append(slices.Collect(maps.Values(r.Pin)), r.Suites...)
	slices.Sort(out)
	return slices.Compact(out)
}

func load(ctx context.Context, client *index.Client, f *roots.File, log io.Writer) (*indexes, error) {
	in := &indexes{universes: map[string]*depends.Universe{}, dates: map[string]time.Time{}, gone: map[string]*index.GoneError{}}
	wanted := map[string]map[string]bool{} // suite -> architectures
	for _, r := range f.Roots {
		in.universes[r.Arch] = depends.NewUniverse()
		for _, s := range suites(r) {
			if wanted[s] == nil {
				wanted[s] = map[string]bool{}
			}
			wanted[s][r.Arch] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		s, err := client.Load(ctx, name)
		var gone *index.GoneError
		if errors.As(err, &gone) {
			in.gone[name] = gone
			continue
		}
		if err != nil {
			return nil, err
		}
		if d := s.Release.Date; d.After(in.dates[s.Archive]) {
			in.dates[s.Archive] = d
		}
		for _, arch := range slices.Sorted(maps.Keys(wanted[name])) {
			n := 0
			err := s.Packages(ctx, arch, func(p *index.Package) error { n++; return in.universes[arch].Add(p) })
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(log, "%s %s: %d packages, signed by %s\n", name, arch, n, s.Signer)
		}
	}
	return in, nil
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
