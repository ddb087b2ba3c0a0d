// SPDX-License-Identifier: Apache-2.0

// Package mirror finds out where the files of the Debian archives can be had
// from on this machine. No host name is written into the project: the mirrors
// are those that the machine's apt uses, the one that TIDELOCK_DEBIAN_MIRROR
// names, and snapshot.debian.org, which keeps every file for ever.
package mirror

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The archives that locked paths are relative to.
const (
	Debian   = "debian"
	Security = "debian-security"
)

// Archives lists the archive ids in the order in which they are written.
var Archives = []string{Debian, Security}

// Known tells whether id is an archive id that locks may contain.
func Known(id string) bool { return slices.Contains(Archives, id) }

// Environment variables that say where files come from.
const (
	// DistdirEnv names a folder of files that are taken before any download;
	// its subfolders bazel and packages count, too.
	DistdirEnv = "TIDELOCK_DISTDIR"
	// MirrorEnv names the base URL of a mirror of the debian archive; its
	// sibling debian-security is the security archive.
	MirrorEnv = "TIDELOCK_DEBIAN_MIRROR"
)

const snapshotBase = "https://snapshot.debian.org/archive/"

// Sources knows the places from which files are taken, best first.
type Sources struct {
	// Distdirs are local folders that may hold a file under its base name.
	Distdirs []string
	// Bases maps an archive id to base URLs (http, https or file), no slash
	// at the end.
	Bases map[string][]string
	// Snapshots maps an archive id to a timestamp of snapshot.debian.org, in
	// the form 20261120T000000Z. An archive without one has no fallback.
	Snapshots map[string]string
}

// Options tells Discover where to look; the zero value means this machine.
type Options struct {
	// AptDir is apt's configuration folder, /etc/apt if empty.
	AptDir string
	// Getenv reads the environment, os.Getenv if nil.
	Getenv func(string) string
	// Snapshots become those of the Sources.
	Snapshots map[string]string
}

// Discover reads apt's configuration and the environment. Third-party entries
// of apt are passed over: only those that serve a suite of Debian count. What
// apt cannot read is not its business to report, so a malformed entry is
// passed over as well.
func Discover(o Options) *Sources {
	if o.AptDir == "" {
		o.AptDir = "/etc/apt"
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	s := &Sources{Bases: map[string][]string{}, Snapshots: o.Snapshots}
	if d := o.Getenv(DistdirEnv); d != "" {
		s.Distdirs = []string{d, filepath.Join(d, "bazel"), filepath.Join(d, "packages")}
	}
	for _, e := range readApt(o.AptDir) {
		if id := e.archive(); id != "" {
			s.add(id, e.uri)
		}
	}
	if m := o.Getenv(MirrorEnv); m != "" {
		s.add(Debian, m)
		s.add(Security, sibling(m, Security))
	}
	// A machine that lists one of the archives only: mirrors that carry both
	// have them side by side.
	if len(s.Bases[Security]) == 0 {
		for _, b := range s.Bases[Debian] {
			s.add(Security, sibling(b, Security))
		}
	}
	if len(s.Bases[Debian]) == 0 {
		for _, b := range s.Bases[Security] {
			s.add(Debian, sibling(b, Debian))
		}
	}
	return s
}

func (s *Sources) add(id, base string) {
	base = strings.TrimRight(base, "/")
	if base != "" && !slices.Contains(s.Bases[id], base) {
		s.Bases[id] = append(s.Bases[id], base)
	}
}

// sibling replaces the last element of a base URL's path.
func sibling(base, name string) string {
	base = strings.TrimRight(base, "/")
	scheme, rest, ok := strings.Cut(base, "://")
	if !ok || !strings.Contains(rest, "/") {
		return base + "/" + name
	}
	return scheme + "://" + path.Dir(rest) + "/" + name
}

// Location is one place to try for a file.
type Location struct {
	// Local is a file of this machine; empty if URL is set.
	Local string
	// URL is where the file is downloaded from.
	URL string
	// Origin says in two or three words which source this is.
	Origin string
}

// String is what error messages call the location: without the password that
// the address of a private mirror may contain.
func (l Location) String() string {
	if l.Local != "" {
		return l.Local
	}
	if u, err := url.Parse(l.URL); err == nil {
		u.User = nil
		return u.String()
	}
	return "an address that cannot be read"
}

// Locate lists where the file at the given path of an archive may be, best
// first.
func (s *Sources) Locate(archive, file string) []Location {
	ls := s.distdir(path.Base(file))
	ls = append(ls, s.Mirrors(archive, file)...)
	if t := s.Snapshots[archive]; t != "" {
		ls = append(ls, Location{URL: snapshotBase + archive + "/" + t + "/" + escape(file), Origin: "snapshot"})
	}
	return ls
}

// LocateURL lists where a file may be that belongs to no archive but has an
// address of its own.
func (s *Sources) LocateURL(url string) []Location {
	name, _, _ := strings.Cut(url, "?")
	return append(s.distdir(path.Base(name)), Location{URL: url, Origin: "its address"})
}

// Mirrors lists the machine's mirrors only: the places to ask for the current
// state of an archive.
func (s *Sources) Mirrors(archive, file string) []Location {
	var ls []Location
	for _, b := range s.Bases[archive] {
		if dir, ok := strings.CutPrefix(b, "file://"); ok {
			ls = append(ls, Location{Local: filepath.Join(dir, filepath.FromSlash(file)), Origin: "local mirror"})
			continue
		}
		ls = append(ls, Location{URL: b + "/" + escape(file), Origin: "mirror"})
	}
	return ls
}

func (s *Sources) distdir(name string) []Location {
	var ls []Location
	for _, d := range s.Distdirs {
		ls = append(ls, Location{Local: filepath.Join(d, name), Origin: "distdir"})
		// Some tools store the percent-encoded name of a download.
		if e := escape(name); e != name {
			ls = append(ls, Location{Local: filepath.Join(d, e), Origin: "distdir"})
		}
	}
	return ls
}

// escape percent-encodes what a plain path in an URL may not contain. Names in
// the archive contain '+' and '~', which servers take as they are.
func escape(p string) string {
	var b strings.Builder
	for i := range len(p) {
		c := p[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("/._-+~:@!$&'()*,;=", c) >= 0:
			b.WriteByte(c)
		default:
			const hex = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
