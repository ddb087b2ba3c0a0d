// SPDX-License-Identifier: Apache-2.0

// Package debs knows the Debian packages that Bazel is put together from:
// their lock file, how to find newer ones, and how to unpack them.
package debs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
)

// The roots of a lock: Bazel with all it runs on, and the tool that relocates
// it and is not kept.
const (
	RootBazel    = "bazel"
	RootPatchelf = "patchelf"
)

// ReadLock reads a lock file and checks that it has both roots.
func ReadLock(file string) (*lockfile.File, error) {
	l, err := lockfile.Read(file)
	if err != nil {
		return nil, err
	}
	for _, root := range []string{RootBazel, RootPatchelf} {
		if len(l.Roots[root]) == 0 {
			return nil, fmt.Errorf("%s: root %q has no packages", file, root)
		}
	}
	return l, nil
}

// Serves tells whether the lock's programs run on a machine of Debian's
// architecture arch.
func Serves(l *lockfile.File, arch string) bool {
	return slices.ContainsFunc(l.Of(RootBazel), func(p lockfile.Package) bool { return p.Arch == arch })
}

// AptName is the file name that apt gives a package when it downloads it:
// unlike the name in the archive it has the version's epoch.
func AptName(p lockfile.Package) string {
	return p.Name + "_" + strings.ReplaceAll(p.Version, ":", "%3a") + "_" + p.Arch + ".deb"
}
