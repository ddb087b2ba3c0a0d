// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"slices"

	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// Update brings a lock up to date with what was found now, without losing
// anything: kernels that the archives no longer list stay, marked as archived,
// and their packages remember at which moment snapshot.debian.org has them.
// The moments themselves only move when there is something new to be had, so
// that unchanged archives give an unchanged lock. Kernels that the lists do not
// cover (another distribution, say) stay as they are.
func Update(previous, now *File, covered func(Kernel) bool) *File {
	out := &File{Schema: Schema, Archives: map[string]crawler.Archive{}, Packages: map[string]Package{}}
	for id, archive := range now.Archives {
		if before, ok := previous.Archives[id]; ok && !brings(previous, now, id) {
			archive = before
		}
		out.Archives[id] = archive
	}
	for id, archive := range previous.Archives {
		if _, ok := out.Archives[id]; !ok {
			out.Archives[id] = archive
		}
	}
	current := map[string]bool{}
	for _, k := range now.Kernels {
		current[k.Key()] = true
		out.Kernels = append(out.Kernels, k)
	}
	for name, p := range now.Packages {
		out.Packages[name] = p
	}
	for _, k := range previous.Kernels {
		if current[k.Key()] {
			continue
		}
		k.Archived = k.Archived || covered(k)
		out.Kernels = append(out.Kernels, k)
		for _, name := range k.Packages {
			if _, still := out.Packages[name]; still {
				continue
			}
			p := previous.Packages[name]
			moment := previous.Archives[p.Archive].Snapshot
			if p.Snapshot == "" && p.Archive != "" && moment != out.Archives[p.Archive].Snapshot {
				p.Snapshot = moment
			}
			out.Packages[name] = p
		}
	}
	slices.SortFunc(out.Kernels, compareKernels)
	return out
}

// Covered returns a function that tells whether a kernel of a lock would be
// found again if the lists still had it.
func Covered(lists []*crawler.List, o Options) func(Kernel) bool {
	return func(k Kernel) bool {
		if o.Release != nil && !o.Release.MatchString(k.Alias) && !o.Release.MatchString(k.Release) {
			return false
		}
		if o.older(k.Release) || !o.selects(k.Distribution, k.Arch) {
			return false
		}
		return slices.ContainsFunc(lists, func(l *crawler.List) bool {
			return l.Arch == k.Arch && len(l.Distributions[k.Distribution]) > 0
		})
	}
}

// selects tells whether the options select a distribution and an architecture.
func (o Options) selects(distribution, arch string) bool {
	return (len(o.Distributions) == 0 || slices.Contains(o.Distributions, distribution)) &&
		(len(o.Arches) == 0 || slices.Contains(o.Arches, arch))
}

// older tells whether a release is older than the options want.
func (o Options) older(release string) bool {
	return o.Oldest != "" && version.Compare(Series(release), o.Oldest) < 0
}

// brings tells whether an archive now has a package that the previous lock does
// not have at the same place, or only has from another moment.
func brings(previous, now *File, archive string) bool {
	for name, p := range now.Packages {
		if p.Archive != archive {
			continue
		}
		if before, ok := previous.Packages[name]; !ok || before != p {
			return true
		}
	}
	return false
}

// Lost returns the keys of the kernels that are in the previous lock and not in
// the new one, sorted.
func Lost(previous, now *File) []string {
	current := map[string]bool{}
	for _, k := range now.Kernels {
		current[k.Key()] = true
	}
	var lost []string
	for _, k := range previous.Kernels {
		if !current[k.Key()] {
			lost = append(lost, k.Key())
		}
	}
	slices.Sort(lost)
	return lost
}
