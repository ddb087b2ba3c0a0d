// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// Newest decides between two kernels of one name. The newer build wins, and
// older is the other one. Two entries for one build complete each other: each
// file counts once, at its better place; older is then nil. The result does not
// depend on the order of the arguments.
func Newest(a, b Kernel) (winner Kernel, older *Kernel) {
	switch order := cmp.Or(version.Compare(a.Version, b.Version), version.Compare(a.Build, b.Build)); {
	case order > 0:
		return a, &b
	case order < 0:
		return b, &a
	}
	byName := map[string]File{}
	for _, f := range slices.Concat(a.Files, b.Files) {
		if old, ok := byName[f.Name]; !ok || betterFile(f, old) {
			byName[f.Name] = f
		}
	}
	a.Release, a.Flavour = max(a.Release, b.Release), max(a.Flavour, b.Flavour)
	a.Files = slices.Collect(maps.Values(byName))
	sortFiles(a.Files)
	return a, nil
}

// betterFile prefers a file with a checksum, then the better mirror.
func betterFile(a, b File) bool {
	if (a.SHA256 != "") != (b.SHA256 != "") {
		return a.SHA256 != ""
	}
	return compareMirrors(a.Ref(), b.Ref()) < 0
}
