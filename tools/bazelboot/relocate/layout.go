// SPDX-License-Identifier: Apache-2.0

// Package relocate makes unpacked Debian packages run from another folder
// than /, on whatever C library the machine itself has.
package relocate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Layout says where things are below the folder of the unpacked packages, as
// slash-separated paths without a leading slash.
type Layout struct {
	// Lib is the folder of the C libraries, Loader the dynamic loader in it.
	Lib, Loader string
	// JVM is Java's home.
	JVM string
}

// Find looks for the parts whose names contain an architecture or a version.
func Find(root string) (Layout, error) {
	var l Layout
	libc, err := one(root, "usr/lib/*/libc.so.6")
	if err != nil {
		return l, err
	}
	l.Lib = filepath.Dir(libc)
	if l.Loader, err = one(root, filepath.Join(l.Lib, "ld-linux-*.so.*")); err != nil {
		return l, err
	}
	l.JVM, err = one(root, "usr/lib/jvm/java-[0-9]*-openjdk-*")
	return l, err
}

// one finds the one real file that a pattern matches. Symbolic links, such as
// java-1.25.0-openjdk-amd64, are other names of it.
func one(root, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		return "", err
	}
	found = slices.DeleteFunc(found, func(p string) bool {
		st, err := os.Lstat(p)
		return err != nil || st.Mode()&os.ModeSymlink != 0
	})
	if len(found) != 1 {
		return "", fmt.Errorf("the unpacked packages have %d files like %s, expected one: they do not belong together", len(found), pattern)
	}
	return strings.TrimPrefix(found[0], filepath.Clean(root)+"/"), nil
}
