// SPDX-License-Identifier: Apache-2.0

package lockfile

import (
	"maps"
	"slices"
)

// Change is a difference between two locks.
type Change struct {
	Root string
	// Text says what changed in the root: "+ key" or "- key".
	Text string
}

// Diff lists what differs between the roots of two locks; old may be nil.
func Diff(old, new *File) []Change {
	if old == nil {
		old = &File{}
	}
	var out []Change
	names := maps.Clone(new.Roots)
	if names == nil {
		names = map[string][]string{}
	}
	maps.Copy(names, old.Roots)
	for _, root := range slices.Sorted(maps.Keys(names)) {
		for _, k := range old.Roots[root] {
			if !slices.Contains(new.Roots[root], k) {
				out = append(out, Change{root, "- " + k})
			}
		}
		for _, k := range new.Roots[root] {
			if !slices.Contains(old.Roots[root], k) {
				out = append(out, Change{root, "+ " + k})
			} else if old.Packages[k] != new.Packages[k] {
				out = append(out, Change{root, "~ " + k})
			}
		}
	}
	return out
}
