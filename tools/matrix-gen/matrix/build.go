// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// Options says which elements to make.
type Options struct {
	// Distributions and Arches are canonical names.
	Distributions, Arches []string
	// DriverVersion goes into each element.
	DriverVersion string
	// Release selects kernels by name; see CompileRelease. nil selects all.
	Release *regexp.Regexp
	// Names translates the crawler's names to true releases; nil leaves them.
	Names Names
	// ArchiveURLs holds base URLs for archive ids, to turn references into URLs.
	ArchiveURLs map[string]string
	// AllowMissing accepts that a requested distribution is in no list, and
	// that a kernel is unknown to Names. Both are then logged.
	AllowMissing bool
	// Log receives one line for each decision that a reader may wonder about.
	Log func(format string, args ...any)
}

// Names knows true releases.
type Names interface {
	// Release returns the true release of a kernel of a list.
	Release(k crawler.Kernel) (string, bool)
}

// Cell identifies one part of a matrix.
type Cell struct{ Distribution, Arch string }

// Count says what became of the entries of one cell.
type Count struct {
	// Entries is the number of entries in the lists.
	Entries int
	// NoPackages of them name no header package.
	NoPackages int
	// Kernels is how many kernels the others stand for.
	Kernels int
	// Older is how many of these lost against a newer build of the same release.
	Older int
	// Unknown is how many a lock does not know.
	Unknown int
	// Elements is how many were selected in the end.
	Elements int
}

var versionPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~-]*$`)

// CheckDriverVersion refuses a driver version that cannot be part of a path.
func CheckDriverVersion(v string) error {
	if !versionPattern.MatchString(v) || strings.Contains(v, "..") {
		return fmt.Errorf("%q is not a driver version; one looks like 0.1.1", v)
	}
	return nil
}

// CompileRelease compiles a pattern that must match the whole name of a kernel.
func CompileRelease(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the kernel release pattern %q: %w", pattern, err)
	}
	_ = re // compiled alone first, so that the message shows the user's own pattern
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// Build makes the elements for all lists together, sorted, and counts them.
func Build(lists []*crawler.List, o Options) ([]Element, map[Cell]Count, error) {
	counts := map[Cell]Count{}
	kernels := map[string]crawler.Kernel{} // by Key
	for _, list := range lists {
		for _, w := range list.Warnings {
			o.Log("%s", w)
		}
		if !slices.Contains(o.Arches, list.Arch) {
			continue
		}
		for _, distribution := range o.Distributions {
			cell := Cell{distribution, list.Arch}
			count := counts[cell]
			if err := o.collect(list, cell, &count, kernels); err != nil {
				return nil, nil, err
			}
			counts[cell] = count
		}
	}
	if err := o.checkMissing(lists, counts); err != nil {
		return nil, nil, err
	}
	var elements []Element
	for _, key := range slices.Sorted(maps.Keys(kernels)) {
		k := kernels[key]
		if o.Release != nil && !o.Release.MatchString(k.Name) {
			continue
		}
		elements = append(elements, o.element(k))
		cell := Cell{k.Distribution, k.Arch}
		count := counts[cell]
		count.Elements++
		counts[cell] = count
	}
	slices.SortFunc(elements, Compare)
	return elements, counts, nil
}

// collect adds the kernels of one distribution of one list. Their Name becomes
// what the element is called.
func (o Options) collect(list *crawler.List, cell Cell, count *Count, kernels map[string]crawler.Kernel) error {
	var unknown []string
	for _, entry := range list.Distributions[cell.Distribution] {
		count.Entries++
		found, err := entry.Kernels(cell.Distribution, cell.Arch)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", cell.Distribution, cell.Arch, err)
		}
		if len(found) == 0 {
			count.NoPackages++
		}
		for _, k := range found {
			count.Kernels++
			if o.Names != nil {
				release, ok := o.Names.Release(k)
				if !ok {
					count.Unknown++
					unknown = append(unknown, k.Name)
					continue
				}
				k.Name = release
			}
			if old, twice := kernels[k.Key()]; twice {
				k = o.newest(old, k, count)
			}
			kernels[k.Key()] = k
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		o.Log("%s/%s: %d kernels are not in the lock: %s", cell.Distribution, cell.Arch, len(unknown), some(unknown))
	}
	return nil
}

// newest decides between two entries for one kernel and says so.
func (o Options) newest(a, b crawler.Kernel, count *Count) crawler.Kernel {
	winner, older := crawler.Newest(a, b)
	if older != nil {
		count.Older++
		o.Log("%s: build %s wins over build %s", winner.Key(), build(winner, *older), build(*older, winner))
	}
	return winner
}

// build names the build of k such that it differs from the other's.
func build(k, other crawler.Kernel) string {
	if k.Version != other.Version {
		return cmp.Or(k.Version, "?")
	}
	return k.Build
}

// checkMissing finds distributions that were asked for and are in no list.
func (o Options) checkMissing(lists []*crawler.List, counts map[Cell]Count) error {
	var missing []string
	for _, arch := range o.Arches {
		if !slices.ContainsFunc(lists, func(l *crawler.List) bool { return l.Arch == arch }) {
			missing = append(missing, "any list for "+arch)
			continue
		}
		for _, d := range o.Distributions {
			if counts[Cell{d, arch}].Entries == 0 {
				missing = append(missing, d+"/"+arch)
			}
		}
	}
	unknown := 0
	for _, c := range counts {
		unknown += c.Unknown
	}
	if o.AllowMissing {
		if len(missing) > 0 {
			o.Log("missing in the lists, as allowed: %s", strings.Join(missing, ", "))
		}
		return nil
	}
	if len(missing) > 0 {
		return fmt.Errorf("the lists lack %s: the crawl failed there, or the name is not what the list calls it; "+
			"crawl again, ask for less with --distro and --arch, or accept it with --allow-missing", strings.Join(missing, ", "))
	}
	if unknown > 0 {
		return fmt.Errorf("%d kernels of the lists are not in the lock: bring it up to date with \"matrix-gen lock --update\", "+
			"or leave them out with --allow-missing", unknown)
	}
	return nil
}

func (o Options) element(k crawler.Kernel) Element {
	var urls []string
	best := map[string]crawler.File{} // by role
	for _, f := range k.Files {
		switch f.Role {
		case crawler.RoleImage, crawler.RoleModules:
			continue // not needed to build
		case crawler.RoleKbuildX8664, crawler.RoleKbuildAarch64:
			if f.Role != "kbuild_"+k.Arch {
				continue // for other build machines; a matrix schedules builds natively
			}
		case "":
			urls = append(urls, o.url(f))
			continue
		}
		if old, ok := best[f.Role]; !ok || crawler.CompareFiles(f, old) < 0 {
			best[f.Role] = f
		}
	}
	for _, f := range best {
		urls = append(urls, o.url(f))
	}
	slices.Sort(urls)
	return Element{
		KVersion: k.Name, Distribution: k.Distribution, Architecture: k.Arch,
		KernelURLs:    slices.Compact(urls),
		Output:        path.Join(o.DriverVersion, k.Distribution, k.Arch, k.Name),
		DriverVersion: o.DriverVersion,
	}
}

func (o Options) url(f crawler.File) string {
	if base, ok := o.ArchiveURLs[f.Archive]; ok && f.Archive != "" {
		return strings.TrimSuffix(base, "/") + "/" + f.Path
	}
	return f.Ref()
}

// some shows the first few of a long list.
func some(names []string) string {
	const show = 5
	if len(names) <= show {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:show], ", "), len(names)-show)
}
