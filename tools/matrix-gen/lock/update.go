// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"slices"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// Update brings a lock up to date with what was found now, without losing
// anything: kernels that the archives no longer list stay, marked as archived,
// and their packages remember at which moment snapshot.debian.org has them.
// The moments themselves only move when there is something new to be had, so
// that unchanged archives give an unchanged lock.
func Update(previous, now *File) *File {
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
		k.Archived = true
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
