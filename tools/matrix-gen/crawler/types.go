// SPDX-License-Identifier: Apache-2.0

// Package crawler reads and writes the JSON lists of Falco's kernel-crawler,
// and knows how to turn their entries into single kernels.
//
// A list is one JSON file of one architecture. Its shape is
//
//	{"<distribution>": [{"kernelversion": …, "kernelrelease": …, "target": …, "headers": […]}]}
//
// Lists that the crawl verb of this program writes keep that shape, so that
// other readers of the format still work, and add what a lock needs: one entry
// per kernel, with the checksum, the size and the role of each package.
package crawler

import "fmt"

// Schema is the version of the fields that this program adds to the format.
const Schema = 1

// MetaKey is the top-level key under which a list of ours carries its Meta. Its
// value is a list of one object, so that a reader that expects nothing but
// lists at the top level takes it for one more (unknown) distribution.
const MetaKey = "tidelock"

// List is one crawl of one architecture.
type List struct {
	// Arch is the architecture, "x86_64" or "aarch64". A list of Falco's does
	// not carry it: it then comes from the caller or from the file's name.
	Arch string
	// Archives says, for each archive id that packages refer to ("debian",
	// "debian-security"), which state of it was read.
	Archives map[string]Archive
	// Distributions holds the entries under canonical names ("debian",
	// "amazonlinux2"; see CanonicalDistribution).
	Distributions map[string][]Entry
	// Warnings holds what was odd in the list that was read, but not wrong.
	Warnings []string
}

func (l *List) warn(format string, args ...any) {
	l.Warnings = append(l.Warnings, fmt.Sprintf(format, args...))
}

// Archive is one package archive at one moment.
type Archive struct {
	// Snapshot is the moment at which snapshot.debian.org has every file that
	// the list names, for example "20261120T000000Z".
	Snapshot string `json:"snapshot"`
}

// Entry is one element of a distribution's list. In lists of Falco's it may
// stand for several kernels (flavours) at once; see Kernels.
type Entry struct {
	// KernelVersion is the build of the release, for example "204" of Ubuntu's
	// 4.15.0-193-generic. Lists have it as a number or as a string.
	KernelVersion string `json:"kernelversion"`
	// KernelRelease is the crawler's name of the kernel. It is not always what
	// uname -r prints: Debian's has the package version, "6.1.192-2-cloud-amd64".
	KernelRelease string `json:"kernelrelease"`
	// Target is the driverkit target, for example "debian" or "ubuntu-generic".
	Target string `json:"target"`
	// Headers lists where the header packages are: URLs in Falco's lists,
	// references of the form "debian:pool/main/l/linux/X.deb" in ours.
	Headers []string `json:"headers"`
	// KernelConfigData is the kernel's configuration in base64. Lists have it
	// instead of Headers for kernels that come without packages (minikube).
	KernelConfigData string `json:"kernelconfigdata,omitempty"`

	// The rest is ours and absent from Falco's lists.

	// Release is the true release (uname -r) as far as package names tell it.
	Release string `json:"release,omitempty"`
	// Version is the version of the header package, for example "6.1.192-2".
	Version string `json:"version,omitempty"`
	// Packages holds the kernel's packages, sorted by role. Several packages of
	// one role are alternatives: a lock takes the newest that can still be had,
	// because archives list packages that their mirrors lost. Host tools
	// (kbuild) should come with every version that the archive has, images as
	// the signed and the unsigned package.
	Packages []Package `json:"packages,omitempty"`
}

// Roles of a package in an entry.
const (
	// RoleHeaders is the package of the kernel's flavour: .config, Module.symvers.
	RoleHeaders = "headers"
	// RoleCommon is the package that the flavours of one ABI share.
	RoleCommon = "common"
	// RoleKbuildX8664 and RoleKbuildAarch64 are the packages with the kernel's
	// host tools (fixdep, modpost, objtool) for one kind of build machine.
	RoleKbuildX8664   = "kbuild_x86_64"
	RoleKbuildAarch64 = "kbuild_aarch64"
	// RoleImage is the kernel itself, for boot tests.
	RoleImage = "image"
	// RoleModules is the package with the kernel's modules where that of the
	// image has none.
	RoleModules = "modules"
)

// Package is one package file of a kernel.
type Package struct {
	// Role says what the package is for: one of the Role constants.
	Role string `json:"role"`
	// Archive and Path say where the file is in a Debian-style archive, without
	// naming a mirror: "debian-security", "pool/updates/main/l/linux/X.deb".
	Archive string `json:"archive,omitempty"`
	Path    string `json:"path,omitempty"`
	// URL says where the file is if it is in no such archive.
	URL string `json:"url,omitempty"`
	// SHA256 is the checksum in lower-case hexadecimal, and Size the length in
	// bytes, as the archive's signed index has them.
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
}

// Ref returns where the package is, as it stands in Entry.Headers.
func (p Package) Ref() string {
	if p.Archive != "" {
		return p.Archive + ":" + p.Path
	}
	return p.URL
}

// Meta is what a list of ours says about itself.
type Meta struct {
	Schema   int                `json:"schema"`
	Arch     string             `json:"arch"`
	Archives map[string]Archive `json:"archives,omitempty"`
}
