// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tree makes the files of a test; "-> x" is a symbolic link to x.
func tree(files map[string]string) map[string]*File {
	t := map[string]*File{}
	for name, text := range files {
		f := &File{Data: []byte(text), Mode: 0o644}
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			f.Link, f.Data = true, []byte(to)
		}
		t[name] = f
	}
	return t
}

func show(t map[string]*File) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t)) {
		f := t[name]
		link := ""
		if f.Link {
			link = "-> "
		}
		fmt.Fprintf(&b, "%s %o %s%q\n", name, f.Mode, link, f.Data)
	}
	return b.String()
}

func all(string) bool { return true }

// apply applies one patch to all files.
func apply(t *testing.T, files map[string]string, text string) (string, error) {
	t.Helper()
	patches := []Patch{{Name: "0001-x.patch", Text: []byte(text)}}
	touched, err := Touched(patches, all)
	if err != nil {
		return "", err
	}
	at := tree(files)
	if err := patches[0].Apply(at, touched); err != nil {
		return "", err
	}
	return show(at), nil
}

const fork = "a\nb\nc\nd\ne\nf\ng\nh\n"

// mail is what git format-patch writes.
const mail = `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Somebody <somebody@example.com>
Date: Mon, 2 Mar 2026 10:00:00 +0000
Subject: [PATCH 1/2] kernel: change things

--- a list that is not a diff
---
 kernel/fork.c | 2 +-

diff --git a/kernel/fork.c b/kernel/fork.c
index 1111111..2222222 100644
--- a/kernel/fork.c
+++ b/kernel/fork.c
@@ -2,7 +2,8 @@ int func(void)
 b
 c
 d
-e
+E
+EE
 f
 g
 h
-- 
2.39.1

`

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		patch string
		want  string
	}{
		"a mail": {
			map[string]string{"kernel/fork.c": fork}, mail,
			"kernel/fork.c 644 \"a\\nb\\nc\\nd\\nE\\nEE\\nf\\ng\\nh\\n\"\n",
		},
		"lines in front": {
			map[string]string{"kernel/fork.c": "1\n2\n" + fork}, mail,
			"kernel/fork.c 644 \"1\\n2\\na\\nb\\nc\\nd\\nE\\nEE\\nf\\ng\\nh\\n\"\n",
		},
		"the nearer of two places": {
			map[string]string{"x": strings.Repeat("b\nc\nd\n\n\n\n\n\n", 4)},
			"--- a/x\n+++ b/x\n@@ -16,3 +16,3 @@\n b\n-c\n+C\n d\n",
			fmt.Sprintf("x 644 %q\n", strings.Repeat("b\nc\nd\n\n\n\n\n\n", 2)+"b\nC\nd\n\n\n\n\n\nb\nc\nd\n\n\n\n\n\n"),
		},
		"two hunks, both moved": {
			map[string]string{"x": "0\n" + fork + "1\n2\n3\n4\n5\n6\n"},
			"--- a/x\n+++ b/x\n@@ -2,3 +2,2 @@\n b\n-c\n d\n@@ -11,3 +10,4 @@\n 3\n+new\n 4\n 5\n",
			"x 644 \"0\\na\\nb\\nd\\ne\\nf\\ng\\nh\\n1\\n2\\n3\\nnew\\n4\\n5\\n6\\n\"\n",
		},
		"a hunk moves as the one before it": {
			map[string]string{"x": strings.Repeat("0\n", 10) + "(\nfirst\n)\n" + strings.Repeat("b\nc\nd\n1\n2\n3\n4\n5\n6\n7\n", 3)},
			"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n (\n-first\n+FIRST\n )\n@@ -14,3 +14,3 @@\n b\n-c\n+C\n d\n",
			fmt.Sprintf("x 644 %q\n", strings.Repeat("0\n", 10)+"(\nFIRST\n)\n"+"b\nc\nd\n1\n2\n3\n4\n5\n6\n7\n"+"b\nC\nd\n1\n2\n3\n4\n5\n6\n7\n"+"b\nc\nd\n1\n2\n3\n4\n5\n6\n7\n"),
		},
		"names of nothing in git's": {
			map[string]string{"x": "a\n"},
			"diff --git a/y b/y\n--- /dev/null\n+++ b/y\n@@ -0,0 +1 @@\n+b\ndiff --git a/x b/x\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
			"y 644 \"b\\n\"\n",
		},
		"no end of line": {
			map[string]string{"x": "a\nb"},
			"diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n",
			"x 644 \"a\\nc\"\n",
		},
		"new, gone, mode, new name, copy, link": {
			map[string]string{"gone": "x\n", "run.sh": "#!\n", "old/name.c": "a\nb\nc\n", "from.h": "1\n", "link": "-> run.sh"},
			`diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/made.c b/made.c
new file mode 100644
index 0000000..1111111
--- /dev/null
+++ b/made.c
@@ -0,0 +1,2 @@
+one
+two
diff --git a/gone b/gone
deleted file mode 100644
index 1111111..0000000
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/old/name.c b/new/name.c
similarity index 66%
rename from old/name.c
rename to new/name.c
index 1111111..2222222 100644
--- a/old/name.c
+++ b/new/name.c
@@ -1,3 +1,3 @@
 a
-b
+B
 c
diff --git a/from.h b/to.h
similarity index 100%
copy from from.h
copy to to.h
diff --git a/from.h b/from.h
index 1111111..2222222 100644
--- a/from.h
+++ b/from.h
@@ -1 +1 @@
-1
+2
diff --git a/link b/link
index 1111111..2222222 120000
--- a/link
+++ b/link
@@ -1 +1 @@
-run.sh
\ No newline at end of file
+made.c
\ No newline at end of file
diff --git a/empty b/empty
new file mode 100755
index 0000000..e69de29
diff --git a/other b/other
new file mode 120000
index 0000000..1111111
--- /dev/null
+++ b/other
@@ -0,0 +1 @@
+made.c
\ No newline at end of file
`,
			`empty 755 ""
from.h 644 "2\n"
link 644 -> "made.c"
made.c 644 "one\ntwo\n"
new/name.c 644 "a\nB\nc\n"
other 0 -> "made.c"
run.sh 755 "#!\n"
to.h 644 "1\n"
`,
		},
		"two files change names": {
			map[string]string{"a": "1\n", "b": "2\n"},
			"diff --git a/a b/b\nsimilarity index 100%\nrename from a\nrename to b\ndiff --git a/b b/a\nsimilarity index 100%\nrename from b\nrename to a\n",
			"a 644 \"2\\n\"\nb 644 \"1\\n\"\n",
		},
		"a link where a file was": {
			map[string]string{"x": "a\n"},
			"diff --git a/x b/x\ndeleted file mode 100644\nindex 1..0\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\ndiff --git a/x b/x\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+y\n\\ No newline at end of file\n",
			"x 0 -> \"y\"\n",
		},
		"mails of which the second needs the first": {
			map[string]string{"kernel/fork.c": fork},
			mail + strings.NewReplacer("Mon Sep", "Tue Sep", "-e\n+E\n+EE\n", "-E\n EE\n+e\n", "2,7 +2,8", "2,8 +2,8").Replace(mail),
			"kernel/fork.c 644 \"a\\nb\\nc\\nd\\nEE\\ne\\nf\\ng\\nh\\n\"\n",
		},
		"a copy in a second mail has what the first did": {
			map[string]string{"x": "1\n"},
			"From 0123456789012345678901234567890123456789 Mon\n\ndiff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n-- \n2.3\n\n" +
				"From 1123456789012345678901234567890123456789 Mon\n\ndiff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n-- \n2.3\n",
			"x 644 \"2\\n\"\ny 644 \"2\\n\"\n",
		},
		"GNU diff": {
			map[string]string{"fs/a.c": "a\nb\n", "old": "x\n"},
			"Only in new: z\ndiff -urN linux.orig/fs/a.c linux/fs/a.c\n--- linux.orig/fs/a.c\t2026-01-01 00:00:00.000000000 +0000\n+++ linux/fs/a.c\t2026-01-02 00:00:00.000000000 +0000\n@@ -1,2 +1,2 @@\n a\n-b\n+B\n" +
				"diff -urN linux.orig/fs/new.c linux/fs/new.c\n--- linux.orig/fs/new.c\t1970-01-01 00:00:00.000000000 +0000\n+++ linux/fs/new.c\t2026-01-02 00:00:00.000000000 +0000\n@@ -0,0 +1 @@\n+n\n" +
				"--- linux.orig/other\tThu Jan  1 00:00:00 1970\n+++ linux/other\n@@ -0,0 +1 @@\n+o\n" +
				"--- linux.orig/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
			"fs/a.c 644 \"a\\nB\\n\"\nfs/new.c 644 \"n\\n\"\nother 644 \"o\\n\"\n",
		},
		"quilt after git": {
			map[string]string{"x": "a\n", "y": "b\n"},
			"diff --git a/x b/x\nold mode 100644\nnew mode 100755\nIndex: linux/y\n===================================================================\n--- linux.orig/y\n+++ linux/y\n@@ -1 +1 @@\n-b\n+B\n",
			"x 755 \"a\\n\"\ny 644 \"B\\n\"\n",
		},
		"a line that looks like a header": {
			map[string]string{"x": "a\n-- b\nc\n"},
			"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n--- b\n+++ b\n c\n",
			"x 644 \"a\\n++ b\\nc\\n\"\n",
		},
		"nothing": {map[string]string{"x": "a\n"}, "", "x 644 \"a\\n\"\n"},
	} {
		got, err := apply(t, c.files, c.patch)
		if err != nil || got != c.want {
			t.Errorf("%s: %v; got\n%swant\n%s", name, err, got, c.want)
		}
	}
}

func TestRefuses(t *testing.T) {
	const head = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"
	for name, c := range map[string]struct {
		files map[string]string
		patch string
		want  string
	}{
		"another line":        {map[string]string{"kernel/fork.c": strings.Replace(fork, "e", "!", 1)}, mail, `0001-x.patch: kernel/fork.c: hunk 1 of 1 (@@ -2,7 +2,8 @@ int func(void)) does not apply: its lines are neither at line 2 nor elsewhere; line 5 is "!\n", not "e\n"`},
		"the file ends":       {map[string]string{"kernel/fork.c": "a\nb\nc\n"}, mail, "the file has 3 lines"},
		"there already":       {map[string]string{"kernel/fork.c": strings.Replace(fork, "e\n", "E\nEE\n", 1)}, mail, "its result is there already"},
		"not there":           {nil, mail, "0001-x.patch: kernel/fork.c: it is to be changed, and is not there"},
		"the second hunk":     {map[string]string{"x": fork}, head + "@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -5,3 +5,3 @@\n e\n-F\n+f\n g\n", "x: hunk 2 of 2 (@@ -5,3 +5,3 @@) does not apply"},
		"hunks out of order":  {map[string]string{"x": fork}, head + "@@ -5,3 +5,3 @@\n e\n-f\n+F\n g\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n", "hunk 2 of 2"},
		"not at the start":    {map[string]string{"x": "0\n" + fork}, head + "@@ -1,2 +1,3 @@\n+new\n a\n b\n", "hunk 1 of 1"},
		"not at the end":      {map[string]string{"x": fork + "0\n"}, head + "@@ -7,2 +7,3 @@\n g\n h\n+new\n", "hunk 1 of 1"},
		"no context":          {map[string]string{"x": fork}, head + "@@ -3,0 +4 @@\n+new\n", "it names no line of the file"},
		"far away":            {map[string]string{"x": fork}, head + "@@ -4000000000000000000,3 +3,3 @@\n b\n-x\n+C\n d\n", "the file has 8 lines"},
		"binary goes, GNU":    {map[string]string{"x": "a\n"}, "Binary files a/x and /dev/null differ\n", "x: a binary patch"},
		"moved, no context":   {map[string]string{"x": "0\n" + fork}, head + "@@ -3 +3 @@\n-c\n+C\n", `line 3 is "b\n", not "c\n"`},
		"new and there":       {map[string]string{"x": "a\n"}, "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", "it is to be new, and is there already"},
		"to go, not there":    {nil, "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "it is to go, and is not there"},
		"to go, more of it":   {map[string]string{"x": "a\nb\n"}, "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "2 bytes of it are not in the patch"},
		"name of nothing":     {nil, "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "x: it is to go, and is not there"},
		"copy of nothing":     {nil, "diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n", "y: it is to come from x, which is not there"},
		"name that is taken":  {map[string]string{"x": "a\n", "y": "b\n"}, "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "y: it is to come from x, and is there already"},
		"binary":              {map[string]string{"x": "a\n"}, "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n", "x: a binary patch"},
		"binary with data":    {map[string]string{"x": "a"}, "diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 1\nIcmZPo000310RR91\n\n", "x: a binary patch"},
		"binary that goes":    {map[string]string{"x": "a\n"}, "diff --git a/x b/x\ndeleted file mode 100644\nindex 1..0\nBinary files a/x and /dev/null differ\n", "x: a binary patch"},
		"binary, GNU":         {map[string]string{"d/x": "a\n"}, "Binary files a/d/x and b/d/x differ\n", "d/x: a binary patch"},
		"new binary, GNU":     {nil, "Binary files /dev/null and b/x differ\n", "x: a binary patch"},
		"submodule":           {nil, "diff --git a/x b/x\nnew file mode 160000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+Subproject commit 1\n", "mode 160000"},
		"file becomes a link": {map[string]string{"x": "a\n"}, "diff --git a/x b/x\nold mode 100644\nnew mode 120000\n", "without going first"},
		"out of the sources":  {nil, "--- a/../../x\n+++ b/../../x\n@@ -1 +1 @@\n-a\n+b\n", `the name "../../x" leads out`},
		"whole path":          {nil, "--- a//etc/x\n+++ //etc/x\n@@ -1 +1 @@\n-a\n+b\n", "etc/x: it is to be changed, and is not there"},
		"no folder":           {nil, "--- x\n+++ x\n@@ -1 +1 @@\n-a\n+b\n", "no folder in front"},
		"no diff":             {nil, "This is only a letter.\n", "0001-x.patch: no diff is in it"},
		"cut in a hunk":       {map[string]string{"kernel/fork.c": fork}, mail[:strings.Index(mail, " f\n g\n")], "0001-x.patch: line 21: it ends in the middle of a hunk"},
		"cut in a line":       {map[string]string{"x": "a\n"}, head + "@@ -1 +1 @@\n-a\n+bb", "it ends in the middle of a hunk"},
		"cut in a header":     {map[string]string{"x": "a\n"}, head, "no hunk follows"},
		"cut above names":     {map[string]string{"x": "a\n"}, "diff --git a/x b/x\nindex 1..2 100644\n", "nothing is said to change in x"},
		"cut, GNU":            {map[string]string{"x": "a\n"}, "--- a/x\n+++ b/x\n", "no hunk follows"},
		"miscounted":          {map[string]string{"x": fork}, head + "@@ -1,2 +1,2 @@\n-a\n+A\n b\n+B\n", `line 9: "+B" follows a hunk whose header does not count it`},
		"bad hunk header":     {map[string]string{"x": fork}, head + "@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -x @@\n", "0001-x.patch: in what begins at line 1: gitdiff: line 9: invalid fragment header"},
		"hunk of no file":     {nil, "@@ -1 +1 @@\n-a\n+A\n", "without file header"},
	} {
		got, err := apply(t, c.files, c.patch)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q; got\n%s", name, err, c.want, got)
		}
	}
}

// What nobody keeps is not looked at, unless a file that is kept comes from it.
func TestTouched(t *testing.T) {
	patches := []Patch{
		{Name: "1", Text: []byte("--- a/no/a\n+++ b/no/a\n@@ -1 +1 @@\n-1\n+2\n--- a/no/b\n+++ b/no/b\n@@ -1 +1 @@\n-absent\n+x\n")},
		{Name: "2", Text: []byte("diff --git a/no/a b/no/c\nsimilarity index 100%\nrename from no/a\nrename to no/c\n" +
			"diff --git a/no/logo b/no/logo\nindex 1..2 100644\nBinary files a/no/logo and b/no/logo differ\n--- a/no/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")},
		{Name: "3", Text: []byte("diff --git a/no/c b/yes/d\nsimilarity index 100%\nrename from no/c\nrename to yes/d\n" +
			"diff --git a/yes/e b/no/e\nsimilarity index 100%\nrename from yes/e\nrename to no/e\n")},
	}
	touched, err := Touched(patches, func(name string) bool { return strings.HasPrefix(name, "yes/") })
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(touched)); !slices.Equal(got, []string{"no/a", "no/c", "yes/d", "yes/e"}) {
		t.Errorf("touched: %v", got)
	}
	at := tree(map[string]string{"no/a": "1\n", "yes/e": "e\n"})
	for _, p := range patches {
		if err := p.Apply(at, touched); err != nil {
			t.Fatal(err)
		}
	}
	if got := show(at); got != "yes/d 644 \"2\\n\"\n" {
		t.Errorf("got\n%s", got)
	}
}
