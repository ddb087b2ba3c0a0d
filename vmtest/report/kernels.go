// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// debugDistribution is the first part of the keys of //vmtest/kernels/debug.
const debugDistribution = "debug"

// arches in the order of their columns; others follow by name.
var arches = []string{"x86_64", "aarch64"}

// keyAtEnd finds what the name of a target says about the kernel, where no result
// names it: a whole key, or the architecture alone.
var keyAtEnd = regexp.MustCompile(`(?:^|/)(?:([^/]+)/(x86_64|aarch64)/(\d[^/]*)|(x86_64|aarch64))$`)

// parseKernel takes a key apart. A kernel may be called in any way; what is no key
// is a release by itself.
func parseKernel(key, arch string) *Kernel {
	if p := strings.Split(key, "/"); len(p) == 3 && p[0] != "" && p[1] != "" && p[2] != "" {
		return &Kernel{Key: key, Distribution: p[0], Arch: p[1], Release: p[2], Debug: p[0] == debugDistribution}
	}
	return &Kernel{Key: key, Arch: cmp.Or(arch, "unknown"), Release: cmp.Or(key, "unknown kernel")}
}

// compareKernels orders columns: stock kernels before debug kernels, by
// architecture, and by version from old to new.
func compareKernels(a, b *Kernel) int {
	if a.Debug != b.Debug {
		if a.Debug {
			return 1
		}
		return -1
	}
	return cmp.Or(
		compareArches(a.Arch, b.Arch),
		compareReleases(a.Release, b.Release),
		cmp.Compare(a.Distribution, b.Distribution),
		cmp.Compare(a.Key, b.Key),
	)
}

func compareArches(a, b string) int {
	place := func(arch string) int {
		if i := slices.Index(arches, arch); i >= 0 {
			return i
		}
		return len(arches)
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
}

// compareReleases orders what uname -r says: 6.1 before 6.12, 6.12-rc3 before 6.12.
func compareReleases(a, b string) int {
	// A hyphen in a release does not begin a package's revision.
	form := strings.NewReplacer("-rc", "~rc", "-", ".")
	return cmp.Or(version.Compare(form.Replace(a), form.Replace(b)), cmp.Compare(a, b))
}

// rowName is a target's name without what it says about the kernel at its end.
func rowName(target, kernel, arch string) string {
	for _, end := range []string{kernel, arch} {
		if short, ok := strings.CutSuffix(target, "/"+end); ok && end != "" && short != "" {
			return short
		}
	}
	return target
}
