// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"maps"
	"slices"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// Names finds the true releases of the kernels of crawls in a lock.
type Names map[string]string

// Names returns the names that the lock knows: aliases first, and releases, for
// lists that call a kernel by its true name or whose package names tell it.
func (f *File) Names() Names {
	names := Names{}
	for _, k := range f.Kernels {
		names[nameKey(k.Distribution, k.Arch, k.Release)] = k.Release
	}
	for _, k := range f.Kernels {
		names[nameKey(k.Distribution, k.Arch, k.Alias)] = k.Release
	}
	return names
}

func nameKey(distribution, arch, name string) string {
	return distribution + "/" + arch + "/" + name
}

// Release returns the true release of a kernel of a crawl.
func (n Names) Release(k crawler.Kernel) (string, bool) {
	if release, ok := n[nameKey(k.Distribution, k.Arch, k.Name)]; ok {
		return release, true
	}
	if k.Release == "" {
		return "", false
	}
	release, ok := n[nameKey(k.Distribution, k.Arch, k.Release)]
	return release, ok
}

// Lists returns the lock's kernels as crawls, one for each architecture.
func (f *File) Lists() []*crawler.List {
	byArch := map[string]*crawler.List{}
	for _, k := range f.Kernels {
		l := byArch[k.Arch]
		if l == nil {
			l = &crawler.List{Arch: k.Arch, Archives: f.Archives, Distributions: map[string][]crawler.Entry{}}
			byArch[k.Arch] = l
		}
		e := crawler.Entry{
			KernelVersion: "1", KernelRelease: k.Alias, Target: k.Distribution,
			Release: k.Release, Version: k.Version,
		}
		for _, role := range slices.Sorted(maps.Keys(k.Packages)) {
			p := f.Packages[k.Packages[role]]
			pkg := crawler.Package{Role: role, Archive: p.Archive, Path: p.Path, URL: p.URL, SHA256: p.SHA256, Size: p.Size}
			e.Packages = append(e.Packages, pkg)
			if role != crawler.RoleImage {
				e.Headers = append(e.Headers, pkg.Ref())
			}
		}
		l.Distributions[k.Distribution] = append(l.Distributions[k.Distribution], e)
	}
	var lists []*crawler.List
	for _, arch := range slices.Sorted(maps.Keys(byArch)) {
		lists = append(lists, byArch[arch])
	}
	return lists
}
