// SPDX-License-Identifier: Apache-2.0

package crawl

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/depends"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// RoleModules is the package with a kernel's modules where the package of the
// image has none (7.x); a boot test that loads any needs both.
const RoleModules = "modules"

// kernelPackage matches the packages of which a kernel is made, up to 6.12:
//
//	linux-headers-6.1.0-56-cloud-amd64  linux-headers-6.1.0-56-common
//	linux-kbuild-6.1                    linux-image-6.1.0-56-cloud-amd64[-unsigned]
//
// and since 6.19, where linux-image is a meta-package:
//
//	linux-binary[-unsigned]-7.2.12+deb13-amd64  linux-modules-7.2.12+deb13-amd64
var kernelPackage = regexp.MustCompile(`^linux-(?:headers|kbuild|image|binary|binary-unsigned|modules)-[0-9]`)

// flavour matches what follows the ABI in a release: amd64, cloud-arm64,
// rt-amd64, arm64-16k.
var flavour = regexp.MustCompile(`-((?:[a-z][a-z0-9]*-)?(?:amd64|arm64)(?:-[a-z0-9]+)*)$`)

// stock holds the kernel packages of all indexes, by machine and name.
type stock struct {
	named map[string]map[string][]*index.Package
}

func newStock() *stock {
	s := &stock{named: map[string]map[string][]*index.Package{}}
	for _, m := range machines {
		s.named[m] = map[string][]*index.Package{}
	}
	return s
}

// read takes over the kernel packages of a suite's index.
func (s *stock) read(ctx context.Context, suite *index.Suite, machine string) (n int, err error) {
	err = suite.Packages(ctx, arches[machine], func(p *index.Package) error {
		if kernelPackage.MatchString(p.Name) {
			n++
			s.named[machine][p.Name] = append(s.named[machine][p.Name], p)
		}
		return nil
	})
	return n, err
}

// find returns the packages of a name that satisfy a relation, newest first; a
// file that several suites of one archive have counts once.
func (s *stock) find(machine string, r depends.Relation) []*index.Package {
	var out []*index.Package
	seen := map[string]bool{}
	for _, p := range s.named[machine][r.Name] {
		ref := p.Archive + ":" + p.Path
		if version.Satisfies(p.Version, r.Op, r.Version) && !seen[ref] {
			seen[ref] = true
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b *index.Package) int { return version.Compare(b.Version, a.Version) })
	return out
}

// entries lists the kernels of a machine, one entry for each version of each
// release, and says which are incomplete.
func (s *stock) entries(machine string) (entries []crawler.Entry, incomplete []string) {
	for name, packages := range s.named[machine] {
		release, ok := strings.CutPrefix(name, "linux-headers-")
		if !ok || flavour.FindString(release) == "" {
			continue
		}
		versions := map[string]bool{}
		for _, p := range packages {
			if versions[p.Version] {
				continue
			}
			versions[p.Version] = true
			e, err := s.entry(machine, release, p)
			switch {
			case err != nil:
				incomplete = append(incomplete, fmt.Sprintf("%s/%s/%s of %s: %v", Distribution, machine, release, p.Suite, err))
			case e != nil:
				entries = append(entries, *e)
			}
		}
	}
	slices.Sort(incomplete)
	return entries, incomplete
}

// entry makes the entry of one version of a release; nil if the package is a
// meta-package, which depends on no common package.
func (s *stock) entry(machine, release string, headers *index.Package) (*crawler.Entry, error) {
	dependencies, err := depends.Parse(headers.Depends)
	if err != nil {
		return nil, err
	}
	var common, kbuild *depends.Relation
	for _, d := range dependencies {
		for _, r := range d {
			switch {
			case strings.HasPrefix(r.Name, "linux-headers-") && strings.Contains(r.Name, "-common"):
				common = &r
			case strings.HasPrefix(r.Name, "linux-kbuild-"):
				kbuild = &r
			}
		}
	}
	if common == nil {
		return nil, nil
	}
	e := &crawler.Entry{
		KernelVersion: "1", // what kernel-crawler says of each of Debian's kernels
		KernelRelease: headers.Version + flavour.FindString(release),
		Target:        Distribution,
		Release:       release,
		Version:       headers.Version,
	}
	add := func(role string, packages []*index.Package) bool {
		for _, p := range packages {
			e.Packages = append(e.Packages, crawler.Package{Role: role, Archive: p.Archive, Path: p.Path, SHA256: p.SHA256, Size: p.Size})
		}
		return len(packages) > 0
	}
	exactly := func(name string) depends.Relation {
		return depends.Relation{Name: name, Op: "=", Version: headers.Version}
	}
	add(crawler.RoleHeaders, s.find(machine, exactly(headers.Name)))
	if !add(crawler.RoleCommon, s.find(machine, *common)) {
		return nil, fmt.Errorf("it needs %s, which is in no index", common)
	}
	if kbuild == nil {
		return nil, fmt.Errorf("%s depends on no linux-kbuild package", headers.Key())
	}
	x86 := add(crawler.RoleKbuildX8664, s.find("x86_64", *kbuild))
	arm := add(crawler.RoleKbuildAarch64, s.find("aarch64", *kbuild))
	if !x86 && !arm {
		return nil, fmt.Errorf("it needs %s, which is in no index", kbuild)
	}
	// kernel-crawler's list of what to download to build for the kernel.
	for _, p := range e.Packages {
		if p.Role != crawler.RoleKbuildX8664 && p.Role != crawler.RoleKbuildAarch64 {
			e.Headers = append(e.Headers, p.Ref())
		}
	}
	if own := s.find(machine, *kbuild); len(own) > 0 {
		e.Headers = append(e.Headers, own[0].Archive+":"+own[0].Path)
	}
	if add(RoleModules, s.find(machine, exactly("linux-modules-"+release))) {
		add(crawler.RoleImage, s.find(machine, exactly("linux-binary-"+release)))
		add(crawler.RoleImage, s.find(machine, exactly("linux-binary-unsigned-"+release)))
	} else {
		add(crawler.RoleImage, s.find(machine, exactly("linux-image-"+release)))
		add(crawler.RoleImage, s.find(machine, exactly("linux-image-"+release+"-unsigned")))
	}
	return e, nil
}
