// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Names of packages, each with a real example.
var (
	// linux-headers-5.10.0-18-cloud-amd64_5.10.140-1_amd64.deb
	debFile = regexp.MustCompile(`^([a-z0-9][a-z0-9.+-]*)_([A-Za-z0-9.+~:-]+)_(amd64|arm64|all)\.deb$`)
	// linux-headers-6.12.48+deb13-cloud-arm64, linux-headers-6.12.48+deb13-arm64-16k
	debianHeaders = regexp.MustCompile(`^linux-headers-(.+?)-((?:(?:cloud|rt|grsec)-)?(?:amd64|arm64)(?:-16k)?)$`)
	// linux-headers-5.10.0-18-common, linux-headers-5.10.0-18-common-rt
	debianCommon = regexp.MustCompile(`^linux-headers-(.+)-common(?:-([a-z0-9]+))?$`)
	// linux-kbuild-5.10, linux-kbuild-6.12.48+deb13
	debianKbuild = regexp.MustCompile(`^linux-kbuild-(.+)$`)
	// linux-headers-5.15.0-1019-gcp, linux-headers-6.8.0-31-generic-64k
	ubuntuHeaders = regexp.MustCompile(`^linux-headers-(\d+\.\d+\.\d+-\d+)-([a-z0-9].*)$`)
	// linux-headers-5.15.0-50, linux-hwe-5.4-headers-5.4.0-100
	ubuntuCommon = regexp.MustCompile(`^linux-(?:[a-z0-9.-]+-)?headers-(\d+\.\d+\.\d+-\d+)$`)
	// kernel-devel-6.1.12-17.42.amzn2023.x86_64.rpm, kernel6.12-devel-….rpm
	rpmDevel = regexp.MustCompile(`^kernel[a-z0-9.-]*?-devel-(\d.*\.(?:x86_64|aarch64))\.rpm$`)
)

// splitFlavours sorts the files of an entry into kernels.
func splitFlavours(base Kernel, files []File) []Kernel {
	switch base.Distribution {
	case "debian":
		return splitDebian(base, files)
	case "ubuntu":
		return splitUbuntu(base, files)
	}
	// The package that is named for a release is the flavour's; what else an
	// entry lists (a common part) has no role of its own.
	var packages []File
	named := false
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".rpm") && !strings.HasSuffix(f.Name, ".deb") {
			continue
		}
		if m := rpmDevel.FindStringSubmatch(f.Name); m != nil && !named {
			named = true
			f.Role = RoleHeaders
			base.Release = cmp.Or(base.Release, m[1])
		}
		packages = append(packages, f)
	}
	if len(packages) == 0 {
		return nil
	}
	if !named {
		packages[0].Role = RoleHeaders
	}
	base.Files = packages
	sortFiles(base.Files)
	return []Kernel{base}
}

// splitDebian makes one kernel of each flavour's header package, together with
// the common package that it needs and the kbuild packages.
func splitDebian(base Kernel, files []File) []Kernel {
	type flavour struct {
		file             File
		release, version string
	}
	var (
		flavours []flavour
		commons  = map[string]File{} // by variant: "", "rt"
		kbuilds  []File
	)
	for _, f := range files {
		m := debFile.FindStringSubmatch(f.Name)
		if m == nil {
			continue
		}
		name, version, arch := m[1], m[2], m[3]
		switch {
		case debianCommon.MatchString(name):
			f.Role = RoleCommon
			commons[debianCommon.FindStringSubmatch(name)[2]] = f
		case debianHeaders.MatchString(name):
			f.Role = RoleHeaders
			flavours = append(flavours, flavour{f, strings.TrimPrefix(name, "linux-headers-"), version})
		case debianKbuild.MatchString(name):
			f.Role = RoleKbuildX8664
			if arch == "arm64" {
				f.Role = RoleKbuildAarch64
			}
			kbuilds = append(kbuilds, f)
		}
	}
	var kernels []Kernel
	for _, fl := range flavours {
		k := base
		k.Release, k.Version = fl.release, fl.version
		suffix := debianHeaders.FindStringSubmatch("linux-headers-" + fl.release)[2] // "cloud-amd64"
		k.Flavour = DebianFlavour(fl.release)
		k.Name = fl.version + "-" + suffix
		common, ok := commons[k.Flavour]
		if !ok {
			common, ok = commons[""]
		}
		k.Files = append([]File{fl.file}, kbuilds...)
		if ok {
			k.Files = append(k.Files, common)
		}
		sortFiles(k.Files)
		kernels = append(kernels, k)
	}
	return nameOnly(base, kernels)
}

// nameOnly keeps the entry's own name where the entry is one kernel.
func nameOnly(base Kernel, kernels []Kernel) []Kernel {
	if len(kernels) == 1 {
		kernels[0].Name = base.Name
	}
	return kernels
}

// DebianFlavour returns the flavour that a true release of Debian names:
// "generic", "cloud", "rt" or another suffix ("16k").
func DebianFlavour(release string) string {
	m := debianHeaders.FindStringSubmatch("linux-headers-" + release)
	if m == nil {
		return "generic"
	}
	words := strings.FieldsFunc(m[2], func(r rune) bool { return r == '-' })
	words = slices.DeleteFunc(words, func(w string) bool { return w == "amd64" || w == "arm64" })
	if len(words) == 0 {
		return "generic"
	}
	return strings.Join(words, "-")
}

// splitUbuntu makes one kernel of each flavour's header package ("generic",
// "lowlatency") with the package that the flavours share.
func splitUbuntu(base Kernel, files []File) []Kernel {
	headers := map[string]File{}   // by flavour
	abis := map[string][2]string{} // flavour -> ABI ("5.15.0-50"), version
	var commons []File
	for _, f := range files {
		m := debFile.FindStringSubmatch(f.Name)
		if m == nil {
			continue
		}
		if u := ubuntuCommon.FindStringSubmatch(m[1]); u != nil {
			f.Role = RoleCommon
			commons = append(commons, f)
		} else if u := ubuntuHeaders.FindStringSubmatch(m[1]); u != nil {
			f.Role = RoleHeaders
			headers[u[2]] = f
			abis[u[2]] = [2]string{u[1], m[2]}
		}
	}
	flavours := slices.Sorted(maps.Keys(headers))
	if len(flavours) == 0 {
		return nil
	}
	primary := primaryFlavour(base.Name, abis[flavours[0]][0], flavours)
	var kernels []Kernel
	for _, flavour := range flavours {
		k := base
		abi := abis[flavour][0]
		k.Flavour, k.Version, k.Release = flavour, abis[flavour][1], abi+"-"+flavour
		switch {
		case flavour == primary:
		case base.Name == abi+"-"+primary:
			k.Name = k.Release
		default:
			// The name is not a release (5.3.0-66-hwe): say which one is meant.
			k.Name = base.Name + "-" + flavour
		}
		k.Files = append([]File{headers[flavour]}, commons...)
		sortFiles(k.Files)
		kernels = append(kernels, k)
	}
	return kernels
}

// primaryFlavour picks the flavour that an entry's name stands for: the one it
// names ("4.15.0-193-lowlatency"), else the longest one that its last words
// begin with ("5.4.0-1060-gke-5.4" is gke), else generic, else the first.
func primaryFlavour(name, abi string, flavours []string) string {
	suffix := strings.TrimPrefix(name, abi+"-")
	best := ""
	for _, f := range flavours {
		if suffix == f {
			return f
		}
		if strings.HasPrefix(suffix, f+"-") && len(f) > len(best) {
			best = f
		}
	}
	if best == "" && slices.Contains(flavours, "generic") {
		best = "generic"
	}
	return cmp.Or(best, flavours[0])
}
