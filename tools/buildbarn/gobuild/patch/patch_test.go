// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	before = "one\ntwo\nthree\nfour\nfive\nsix\n"
	after  = "one\ntwo\n3\nfour\nfive\nsix\nseven\n"
	diff   = `Why it is needed.

diff --git a.txt a.txt
index 1..2 100644
--- a.txt
+++ a.txt	2023-07-27 20:48:22
@@ -2,3 +2,3 @@ func one
 two
-three
+3
 four
@@ -6 +6,2 @@
 six
+seven
`
)

func apply(t *testing.T, diff, text string) (string, error) {
	t.Helper()
	files, err := Parse(diff)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || files[0].Name != "a.txt" {
		t.Fatalf("files: %+v", files)
	}
	return files[0].Apply(text)
}

func TestApply(t *testing.T) {
	for _, test := range []struct{ name, before, after string }{
		{"in place", before, after},
		{"moved down", "zero\nzero\n" + before, "zero\nzero\n" + after},
		{"moved up", strings.TrimPrefix(before, "one\n"), strings.TrimPrefix(after, "one\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := apply(t, diff, test.before)
			if err != nil || got != test.after {
				t.Errorf("got %q, %v; want %q", got, err, test.after)
			}
		})
	}
	for _, text := range []string{"", "one\ntwo\nTHREE\nfour\n", after} {
		if got, err := apply(t, diff, text); err == nil || !strings.Contains(err.Error(), "change 1 of 2 (line 2) does not fit") {
			t.Errorf("applied to %q: %q, %v", text, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, diff, want string }{
		{"no diff", "hello\n", "no unified diff"},
		{"new file", "--- /dev/null\n+++ a\n@@ -0,0 +1 @@\n+x\n", "in place"},
		{"no file", "@@ -1 +1 @@\n-x\n+y\n", "before the name"},
		{"cut short", strings.TrimSuffix(diff, "+seven\n"), "ends within"},
		{"wrong length", "--- a\n+++ a\n@@ -1,1 +1,2 @@\n-x\n-z\n+y\n+y\n", "other lengths"},
		{"no numbers", "--- a\n+++ a\n@@ -x +1 @@\n", "no place"},
		{"negative", "--- a\n+++ a\n@@ -1,-1 +1 @@\n", "no place"},
		{"strange line", "--- a\n+++ a\n@@ -1 +1 @@\n?x\n", "within a change"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse(test.diff); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestApplyTo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.ReplaceAll(diff, "a.txt", "unused/a.txt")
	if err := ApplyTo(dir, diff+elsewhere); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != after {
		t.Errorf("got %q, want %q", got, after)
	}
	for _, test := range []struct{ diff, want string }{
		{elsewhere, "none of its files"},
		{strings.ReplaceAll(diff, "a.txt", "../a.txt"), "not below"},
		{strings.ReplaceAll(diff, "a.txt", "b.txt"), "no such file"},
	} {
		if err := ApplyTo(dir, test.diff); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q in it", err, test.want)
		}
	}
}

func FuzzParseAndApply(f *testing.F) {
	f.Add(diff, before)
	f.Add("--- a\n+++ a\n@@ -1 +1 @@\n-x\n+y\n", "x\n")
	f.Add("--- a\n+++ a\n@@ -0,0 +9,1 @@\n+y\n", "")
	f.Fuzz(func(t *testing.T, diff, text string) {
		files, err := Parse(diff)
		if err != nil {
			return
		}
		for _, file := range files {
			if len(diff) < 1<<12 && len(text) < 1<<12 {
				file.Apply(text)
			}
		}
	})
}
