// SPDX-License-Identifier: Apache-2.0

// Package guestroot makes a layer of a guest's root file system out of Debian
// packages: a newc archive in which every file stands where its package puts it, so
// that programs run in the guest with their own loader and libraries, unchanged.
//
// A layer is complete by itself: every library that a file in it names is in it.
// Layers are put together by package initramfs.
package guestroot

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/vmtest/initramfs"
)

// Options say what goes into a layer.
type Options struct {
	// Arch is the guest's architecture: x86_64 or aarch64.
	Arch string
	// Packages are .deb files, in any order.
	Packages []string
	// Base is a setup that many layers share; its exclusions may match nothing.
	Base string
	// Setup is the layer's own; "" for none.
	Setup string
}

// Entries lists what the layer consists of.
func Entries(o Options) ([]initramfs.Entry, error) {
	a, ok := architectures[o.Arch]
	if !ok {
		return nil, fmt.Errorf("arch %q is not known: it is x86_64 or aarch64", o.Arch)
	}
	t := newTree()
	var additions []*Setup
	var from []string
	own := map[string]bool{}
	for _, s := range []string{o.Base, o.Setup} {
		if s == "" {
			continue
		}
		setup, err := ReadSetup(s)
		if err != nil {
			return nil, err
		}
		additions, from = append(additions, setup), append(from, filepath.Base(s))
		for pattern := range setup.Exclude {
			t.exclude[pattern] = false
			own[pattern] = s == o.Setup
		}
	}
	for _, p := range o.Packages {
		if err := t.unpack(p); err != nil {
			return nil, err
		}
	}
	for pattern, matched := range t.exclude {
		if own[pattern] && !matched {
			return nil, fmt.Errorf("%s: exclude: nothing matches %q any more; take it out", o.Setup, pattern)
		}
	}
	for i, s := range additions {
		for _, add := range s.Add {
			if err := t.put(usrMerged(strings.TrimPrefix(add.Path, "/")), add.node(from[i])); err != nil {
				return nil, err
			}
		}
	}
	for _, l := range a.links {
		if err := t.put(l, &node{kind: symlink, link: "usr/" + l, from: "the layout of Debian"}); err != nil {
			return nil, err
		}
	}
	if err := t.checkLinks(); err != nil {
		return nil, err
	}
	t.dropScripts()
	if err := t.checkObjects(a); err != nil {
		return nil, err
	}
	return t.entries(), nil
}

// entries is the tree in the form of the archive's writer.
func (t *tree) entries() []initramfs.Entry {
	var out []initramfs.Entry
	for _, name := range t.names() {
		n := t.nodes[name]
		e := initramfs.Entry{Path: "/" + name}
		switch n.kind {
		case dir:
			// One mode for all: the same folder stands in many layers.
			e.Dir = true
		case symlink:
			e.Link = n.link
		case file:
			// Root reads everything, so no bit is lost with the owner.
			e.Mode, e.Content = n.mode|0o400, n.data
			if e.Content == nil {
				e.Content = []byte{}
			}
		}
		out = append(out, e)
	}
	return out
}

// Write makes the layer.
func Write(w io.Writer, o Options) error {
	o.Packages = slices.Clone(o.Packages)
	slices.Sort(o.Packages) // the first of several errors is always the same one
	entries, err := Entries(o)
	if err != nil {
		return err
	}
	return initramfs.Write(w, entries)
}
