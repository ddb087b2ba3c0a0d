// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/vmtest/initramfs"
)

type kind uint8

const (
	file kind = iota
	dir
	symlink
)

func (k kind) String() string { return [...]string{"file", "folder", "link"}[k] }

// node is a file, folder or link of the guest.
type node struct {
	kind kind
	mode uint32 // permission bits of a file
	data []byte // contents of a file
	link string // target of a link, as the package has it
	from string // who brings it: a package or a setup, for messages
}

// same tells whether two nodes cannot be told apart in the guest.
func (n *node) same(o *node) bool {
	return n.kind == o.kind && n.mode == o.mode && n.link == o.link && bytes.Equal(n.data, o.data)
}

// tree collects what several packages bring. Names are clean paths without a
// leading slash; folders that only have something in them need not be there.
type tree struct {
	nodes   map[string]*node
	exclude map[string]bool // pattern to whether it has matched
}

func newTree() *tree {
	return &tree{nodes: map[string]*node{}, exclude: map[string]bool{}}
}

// merged are the folders that Debian moved into /usr. Packages may still name
// them at the top, and the guest has links there.
var merged = []string{"bin", "sbin", "lib", "lib64"}

func usrMerged(name string) string {
	for _, d := range merged {
		if name == d || strings.HasPrefix(name, d+"/") {
			return "usr/" + name
		}
	}
	return name
}

// excluded tells whether a pattern covers the name or a folder above it.
func (t *tree) excluded(name string) bool {
	for p := name; p != "." && p != "/"; p = path.Dir(p) {
		for pattern := range t.exclude {
			if ok, _ := path.Match(pattern, p); ok {
				t.exclude[pattern] = true
				return true
			}
		}
	}
	return false
}

// unpack takes a package in.
func (t *tree) unpack(pkg string) error {
	from := filepath.Base(pkg)
	hard := map[string]string{}
	err := deb.WalkFile(pkg, func(e *deb.Entry, body io.Reader) error {
		name := usrMerged(e.Name)
		if name == "." || t.excluded(name) {
			return nil
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			return fmt.Errorf("unsafe path %q: it has a control character", name)
		}
		n := &node{from: from}
		switch e.Kind {
		case deb.Dir:
			n.kind = dir
		case deb.Symlink:
			n.kind, n.link = symlink, e.Link
		case deb.Hardlink:
			hard[name] = usrMerged(e.Link)
			return nil
		case deb.File:
			data, err := io.ReadAll(body)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			// What is left of the mode has no setuid bit: a guest's programs are root's anyway.
			n.kind, n.mode, n.data = file, uint32(e.Mode.Perm()), data
		}
		return t.put(name, n)
	})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(hard)) {
		to := t.nodes[hard[name]]
		if to == nil || to.kind != file {
			return fmt.Errorf("%s: the hard link %s leads to %s, which is not among the files", from, name, hard[name])
		}
		twin := *to
		twin.from = from
		if err := t.put(name, &twin); err != nil {
			return err
		}
	}
	return nil
}

// put adds a node; what is there already must be the same. Which of two different
// files a guest gets must not depend on the order of packages.
func (t *tree) put(name string, n *node) error {
	have := t.nodes[name]
	if have == nil {
		t.nodes[name] = n
		return nil
	}
	if have.same(n) {
		return nil
	}
	return fmt.Errorf("/%s: the %s of %s and the %s of %s differ; leave one out with \"exclude\" of the setup", name, have.kind, have.from, n.kind, n.from)
}

// names lists the nodes in order.
func (t *tree) names() []string { return slices.Sorted(maps.Keys(t.nodes)) }

// resolve follows the links of an absolute path. It returns the name that it leads to,
// "" where nothing is there.
func (t *tree) resolve(p string) (string, error) {
	at, err := initramfs.Follow(p, func(at string) (string, bool) {
		if n := t.nodes[at[1:]]; n != nil && n.kind == symlink {
			return n.link, true
		}
		return "", false
	})
	if err != nil || t.nodes[at[1:]] == nil {
		return "", err
	}
	return at[1:], nil
}

// checkLinks finds links that lead to themselves, and files below a link or a file,
// which would not be where their name says.
func (t *tree) checkLinks() error {
	for _, name := range t.names() {
		n := t.nodes[name]
		if n.kind == symlink {
			if _, err := t.resolve("/" + name); err != nil {
				return fmt.Errorf("/%s of %s: the link to %s never ends: %v", name, n.from, n.link, err)
			}
		}
		for up := path.Dir(name); up != "."; up = path.Dir(up) {
			if above := t.nodes[up]; above != nil && above.kind != dir {
				return fmt.Errorf("/%s of %s lies in /%s, which is a %s of %s", name, n.from, up, above.kind, above.from)
			}
		}
	}
	return nil
}
