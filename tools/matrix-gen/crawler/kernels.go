// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// Kernel is one kernel: what an entry of a list stands for once its flavours
// are told apart and its files are counted once.
type Kernel struct {
	// Distribution and Arch are canonical names.
	Distribution, Arch string
	// Name is the crawler's name of the kernel. Where an entry holds several
	// flavours, it is the entry's name for one of them and made in the same
	// manner for the others.
	Name string
	// Build is the entry's kernelversion.
	Build string
	// Flavour is the flavour by the name of the package, "" where the
	// distribution has none.
	Flavour string
	// Release is the true release (uname -r) as far as the names of packages
	// tell it, or "". Only the contents of the package are proof.
	Release string
	// Version is the version of the header package, or "" if it is not known.
	Version string
	// Files holds the packages, sorted, each file once. Several files of one
	// role are alternatives (CompareFiles); a file without a role is needed too.
	Files []File
}

// File is one package file of a kernel.
type File struct {
	Package
	// Name is the file's name.
	Name string
	// Mirrors holds the other places where the same file is, best first.
	Mirrors []string
}

// Key names the kernel within all lists.
func (k Kernel) Key() string { return k.Distribution + "/" + k.Arch + "/" + k.Name }

// Kernels returns the kernels that an entry stands for. An entry without any
// header package (a kernel that comes as an image, or as configuration only)
// stands for none.
func (e Entry) Kernels(distribution, arch string) ([]Kernel, error) {
	base := Kernel{
		Distribution: distribution, Arch: arch,
		Name: e.KernelRelease, Build: e.KernelVersion, Release: e.Release, Version: e.Version,
	}
	if len(e.Packages) > 0 {
		// A list of ours: one entry is one kernel already.
		for _, p := range e.Packages {
			base.Files = append(base.Files, File{Package: p, Name: path.Base(cmp.Or(p.Path, urlPath(p.URL)))})
		}
		sortFiles(base.Files)
		return []Kernel{base}, nil
	}
	files, err := e.files()
	if err != nil {
		return nil, err
	}
	return splitFlavours(base, files), nil
}

// files returns the packages that the entry's headers name. A file that several
// mirrors have counts once.
func (e Entry) files() ([]File, error) {
	byName := map[string]*File{}
	for _, ref := range e.Headers {
		ref, err := NormalizeURL(ref)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Target, e.KernelRelease, err)
		}
		name := path.Base(urlPath(ref))
		if f := byName[name]; f != nil {
			f.Mirrors = append(f.Mirrors, ref)
			continue
		}
		byName[name] = &File{Name: name, Mirrors: []string{ref}}
	}
	var files []File
	for _, f := range byName {
		slices.SortFunc(f.Mirrors, compareMirrors)
		f.Mirrors = slices.Compact(f.Mirrors)
		best := f.Mirrors[0]
		f.Mirrors = slices.Clip(f.Mirrors[1:])
		if archive, p, ok := cutArchive(best); ok {
			f.Archive, f.Path = archive, p
		} else {
			f.URL = best
		}
		files = append(files, *f)
	}
	sortFiles(files)
	return files, nil
}

// CompareFiles orders files that are alternatives for one role, the best first:
// the newest version, a signed image before an unsigned one, the archive that
// keeps files for longer, then the alphabet.
func CompareFiles(a, b File) int {
	return cmp.Or(
		version.Compare(b.Version(), a.Version()),
		cmp.Compare(a.unsigned(), b.unsigned()),
		cmp.Compare(archiveRank(a.Archive), archiveRank(b.Archive)),
		cmp.Compare(a.Ref(), b.Ref()))
}

// archiveRank orders archives: Debian's security archive keeps the kernels of
// earlier updates, the main one drops them at the next point release.
func archiveRank(id string) int {
	if strings.HasSuffix(id, "-security") {
		return 0
	}
	return 1
}

// Version returns the version in a file name NAME_VERSION_ARCH.deb, or "".
func (f File) Version() string {
	words := strings.Split(f.Name, "_")
	if len(words) != 3 {
		return ""
	}
	return words[1]
}

// unsigned tells (0 or 1) whether a kernel image lacks its signature.
func (f File) unsigned() int {
	if strings.Contains(f.Name, "-unsigned") {
		return 1
	}
	return 0
}

func sortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Ref(), b.Ref()))
	})
}

// compareMirrors prefers an encrypted connection, then the alphabet: crawlers
// write mirrors in any order, the choice must not depend on it.
func compareMirrors(a, b string) int {
	plain := func(s string) bool { return strings.HasPrefix(s, "http:") }
	if plain(a) != plain(b) {
		if plain(a) {
			return 1
		}
		return -1
	}
	return cmp.Compare(a, b)
}

// cutArchive takes a reference "debian:pool/…" apart.
func cutArchive(ref string) (archive, p string, ok bool) {
	archive, p, ok = strings.Cut(ref, ":")
	if !ok || strings.HasPrefix(p, "/") || archive == "" {
		return "", "", false
	}
	return archive, p, true
}

// urlPath returns the path of a URL or of an archive reference, unescaped.
func urlPath(ref string) string {
	if _, p, ok := cutArchive(ref); ok {
		return p
	}
	u, err := url.Parse(ref)
	if err != nil {
		return ref
	}
	return u.Path
}

// NormalizeURL returns the canonical form of where a package is: "../" segments
// resolved (Amazon Linux has six of them in a row), scheme and host in lower
// case, no fragment. What is not an http(s) URL or an archive reference to a
// file is an error.
func NormalizeURL(ref string) (string, error) {
	if archive, p, ok := cutArchive(ref); ok {
		if !cleanPath(p) || !namePattern.MatchString(archive) {
			return "", fmt.Errorf("%q is not a reference to a file in an archive", shorten(ref))
		}
		return ref, nil
	}
	u, err := url.Parse(ref)
	if err != nil {
		return "", fmt.Errorf("%q is not a URL", shorten(ref))
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "http" && scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is not an http or https URL", shorten(ref))
	}
	u.Scheme, u.Host, u.Fragment, u.RawFragment = scheme, strings.ToLower(u.Host), "", ""
	u = u.JoinPath() // resolves dot segments
	if base := path.Base(u.Path); base == "/" || base == "." || strings.HasSuffix(u.Path, "/") {
		return "", fmt.Errorf("the URL %q names no file", shorten(ref))
	}
	return u.String(), nil
}
