// SPDX-License-Identifier: Apache-2.0

package root

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
)

// tree collects the entries of several packages before the links are resolved.
// Names are slash paths relative to the root, without a leading slash.
type tree struct {
	dir     string            // where the regular files are written
	modes   map[string]uint32 // regular files and their permission bits
	links   map[string]string // symbolic links: name to target, as in the package
	exclude []string          // patterns of Options.Exclude
}

func newTree(dir string, exclude []string) *tree {
	return &tree{dir: dir, modes: map[string]uint32{}, links: map[string]string{}, exclude: exclude}
}

// usrMerged maps the folders that Debian merged into /usr, since older suites'
// packages still name them, and two spellings of one path must not meet.
func usrMerged(name string) string {
	for _, d := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		if name == d || strings.HasPrefix(name, d+"/") {
			return "usr/" + name
		}
	}
	return name
}

// excluded reports whether a pattern covers name: a pattern is a path.Match
// pattern for the whole name or for a folder above it.
func (t *tree) excluded(name string) bool {
	for p := name; p != "." && p != ""; p = path.Dir(p) {
		for _, pattern := range t.exclude {
			if ok, _ := path.Match(pattern, p); ok {
				return true
			}
		}
	}
	return false
}

// add takes one entry of a package; later packages overwrite earlier ones.
func (t *tree) add(e *deb.Entry, body io.Reader) error {
	name := usrMerged(e.Name)
	if name == "." || t.excluded(name) {
		return nil
	}
	if strings.Contains(name, "\n") {
		return fmt.Errorf("unsafe path %q: it has a line break", name)
	}
	switch e.Kind {
	case deb.File:
		return t.write(name, body, uint32(e.Mode.Perm()))
	case deb.Symlink:
		return t.link(name, e.Link)
	case deb.Hardlink:
		return t.link(name, "/"+usrMerged(e.Link))
	}
	return nil // folders come with their files
}

// link notes a link, and takes away the file of an earlier package in its place.
func (t *tree) link(name, target string) error {
	if _, ok := t.modes[name]; ok {
		if err := os.Remove(filepath.Join(t.dir, filepath.FromSlash(name))); err != nil {
			return err
		}
		delete(t.modes, name)
	}
	t.links[name] = target
	return nil
}

func (t *tree) write(name string, r io.Reader, mode uint32) error {
	file := filepath.Join(t.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(file); err != nil {
		return err
	}
	perm := os.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	delete(t.links, name)
	t.modes[name] = mode
	return nil
}

// resolve follows links from name to a regular file or a folder of the tree.
// It returns "" where the target is not in the tree.
func (t *tree) resolve(name string) string {
	seen := 0
	todo := strings.Split(name, "/")
	at := ""
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			at = strings.TrimPrefix(path.Dir("/"+at), "/")
			continue
		}
		next := usrMerged(path.Join(at, part))
		target, ok := t.links[next]
		if !ok {
			at = next
			continue
		}
		if seen++; seen > 40 {
			return ""
		}
		if strings.HasPrefix(target, "/") {
			at = ""
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	if _, ok := t.modes[at]; ok {
		return at
	}
	if info, err := os.Stat(filepath.Join(t.dir, filepath.FromSlash(at))); err == nil && info.IsDir() {
		return at
	}
	return ""
}

// materialise puts the file a link means in the link's place, so that the tree
// holds no links: remote executors and caches follow them in different ways.
// A hard link costs nothing. Links that lead out of the tree are dropped.
func (t *tree) materialise() error {
	names := make([]string, 0, len(t.links))
	for name := range t.links {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		target := t.resolve(name)
		if target == "" || t.excluded(target) {
			continue
		}
		if _, ok := t.modes[target]; ok {
			if err := t.hardlink(target, name); err != nil {
				return err
			}
			continue
		}
		if name == target || strings.HasPrefix(name, target+"/") {
			continue // a folder inside itself
		}
		for _, below := range t.filesBelow(target) {
			if err := t.hardlink(below, name+strings.TrimPrefix(below, target)); err != nil {
				return err
			}
		}
	}
	t.links = map[string]string{}
	return nil
}

func (t *tree) filesBelow(dir string) []string {
	var names []string
	for name := range t.modes {
		if strings.HasPrefix(name, dir+"/") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

func (t *tree) hardlink(from, to string) error {
	src, dst := filepath.Join(t.dir, from), filepath.Join(t.dir, to)
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	if err := os.Link(src, dst); err != nil && !os.IsExist(err) {
		return err
	}
	t.modes[to] = t.modes[from]
	return nil
}
