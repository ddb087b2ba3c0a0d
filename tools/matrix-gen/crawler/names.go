// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Supported holds the distributions that Tidelock builds for, in the order in
// which they are shown.
var Supported = []string{"ubuntu", "amazonlinux2", "amazonlinux2023", "fedora", "almalinux", "debian"}

// Arches holds the architectures that Tidelock builds for.
var Arches = []string{"x86_64", "aarch64"}

// classNames maps the keys of old lists, which were the names of the crawler's
// classes in lower case, to today's ids. Most differ in nothing but case.
var classNames = map[string]string{
	"aliyunlinux":  "alinux",
	"archlinux":    "arch",
	"oraclelinux":  "ol",
	"photonos":     "photon",
	"redhatlinux":  "redhat",
	"rockylinux":   "rocky",
	"amazonlinux1": "amazonlinux",
}

// others holds the ids of the crawler for which Tidelock does not build today.
// They are known, so that a name that is none of all these is a typing error.
var others = []string{
	"alinux", "amazonlinux", "amazonlinux2022", "arch", "bottlerocket", "centos", "flatcar", "minikube",
	"ol", "opensuse", "oracle6", "oracle7", "oracle8", "photon", "redhat", "rocky", "talos",
}

// CanonicalDistribution returns the id that stands for a key of a list: old
// keys ("AmazonLinux2", "PhotonOS") become today's ("amazonlinux2", "photon").
func CanonicalDistribution(key string) string {
	lower := strings.ToLower(key)
	if id, ok := classNames[lower]; ok {
		return id
	}
	return lower
}

// ParseDistribution returns the canonical id of a distribution that a user
// names, whatever its case, or an error with the names there are.
func ParseDistribution(name string) (string, error) {
	id := CanonicalDistribution(strings.TrimSpace(name))
	if slices.Contains(Supported, id) || slices.Contains(others, id) {
		return id, nil
	}
	return "", fmt.Errorf("unknown distribution %q; known are %s (and of the crawler's others: %s)",
		name, strings.Join(Supported, ", "), strings.Join(others, ", "))
}

// CanonicalArch returns the architecture's name as the kernel has it. Debian's
// names are accepted too.
func CanonicalArch(name string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "x86_64", "amd64":
		return "x86_64", nil
	case "aarch64", "arm64":
		return "aarch64", nil
	}
	return "", fmt.Errorf("unknown architecture %q; known are %s", name, strings.Join(Arches, ", "))
}

// DebArch returns Debian's name of an architecture.
func DebArch(arch string) string {
	switch arch {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return arch
}

// ArchOfName finds the architecture in the name of a file or in a URL, as in
// ".../x86_64/list.json" and "crawl-aarch64.json.gz". The last part of the path
// that names one decides. It returns "" if none does, or if a part names both.
func ArchOfName(name string) string {
	name = strings.ReplaceAll(name, "\\", "/")
	for name != "" && name != "." && name != "/" {
		found := map[string]bool{}
		for _, word := range []string{"x86_64", "amd64", "aarch64", "arm64"} {
			if strings.Contains(strings.ToLower(path.Base(name)), word) {
				arch, _ := CanonicalArch(word)
				found[arch] = true
			}
		}
		if len(found) == 1 {
			for arch := range found {
				return arch
			}
		}
		if len(found) > 1 {
			return ""
		}
		name = strings.TrimSuffix(path.Dir(name), "/")
	}
	return ""
}
