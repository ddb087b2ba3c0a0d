// SPDX-License-Identifier: Apache-2.0

package guestroot

import "testing"

// FuzzFile gives a package's file any content: it is taken or refused, and nothing else.
func FuzzFile(f *testing.F) {
	whole := needs{interp: "/lib64/ld.so", needed: []string{"liby.so"}, runpath: "$ORIGIN/a:${ORIGIN}:b"}.image(f)
	f.Add(whole)
	f.Add(whole[:70])
	f.Add([]byte("#! /usr/bin/env  x\n"))
	f.Add([]byte("#!"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tr := newTree()
		if err := tr.put("usr/bin/p", &node{kind: file, mode: 0o755, data: data, from: "a.deb"}); err != nil {
			t.Fatal(err)
		}
		tr.dropScripts()
		if isELF(&node{data: data}) && tr.nodes["usr/bin/p"] == nil {
			t.Error("a program was taken for a script")
		}
		tr.checkObjects(architectures["x86_64"])
	})
}

// FuzzLinks: whatever links say, they end, in the guest or with an error.
func FuzzLinks(f *testing.F) {
	f.Add("b", "../usr/c", "/usr/a/..")
	f.Add("../../../..", "a/a/a", "./b/./c")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		tr := newTree()
		for name, target := range map[string]string{"usr/a": a, "usr/b": b, "usr/c": c} {
			tr.nodes[name] = &node{kind: symlink, link: target, from: "a.deb"}
		}
		if at, err := tr.resolve("/usr/a"); err == nil && at != "" && tr.nodes[at] == nil {
			t.Errorf("it leads to %q, where nothing is", at)
		}
		tr.checkLinks()
	})
}
