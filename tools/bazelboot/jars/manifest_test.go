// SPDX-License-Identifier: Apache-2.0

package jars

import (
	"slices"
	"strings"
	"testing"
)

const long = "/usr/share/java/perfmark-api.jar /usr/share/java/guava.jar /usr/share/java/error_prone_annotations.jar"

func fold(s string) string {
	var b strings.Builder
	writeFolded(&b, s)
	return b.String()
}

func TestStripClassPath(t *testing.T) {
	for _, c := range []struct {
		name, in, rest string
		entries        []string
	}{
		{"none", "Manifest-Version: 1.0\n\n", "Manifest-Version: 1.0\n\n", nil},
		{"folded", "Manifest-Version: 1.0\n" + fold("Class-Path: "+long) + "Created-By: x\n", "Manifest-Version: 1.0\nCreated-By: x\n", strings.Fields(long)},
		{"dos lines", "Manifest-Version: 1.0\r\nClass-Path: a.jar\r\n\r\n", "Manifest-Version: 1.0\n\n", []string{"a.jar"}},
		{"any case", "class-path: a.jar b.jar\n", "", []string{"a.jar", "b.jar"}},
		{"in a section", "A: b\n\nName: x\nClass-Path: kept\n", "A: b\n\nName: x\nClass-Path: kept\n", nil},
		{"empty", "", "", nil},
	} {
		rest, entries := stripClassPath(c.in)
		if rest != c.rest || !slices.Equal(entries, c.entries) {
			t.Errorf("%s: %q, %q; want %q, %q", c.name, rest, entries, c.rest, c.entries)
		}
	}
}

func FuzzStripClassPath(f *testing.F) {
	f.Add("Manifest-Version: 1.0\n" + fold("Class-Path: "+long) + "\nName: x\n")
	f.Add("\r\n \r\n")
	f.Fuzz(func(t *testing.T, manifest string) {
		rest, _ := stripClassPath(manifest)
		for line := range strings.Lines(rest) {
			if len(line) > 72 {
				t.Fatalf("a line of %d bytes: %q", len(line), line)
			}
		}
		if again, entries := stripClassPath(rest); len(entries) > 0 {
			t.Fatalf("entries are left: %q in %q", entries, again)
		}
	})
}
