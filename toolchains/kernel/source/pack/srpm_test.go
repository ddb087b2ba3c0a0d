// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

var linux = map[string]string{
	"Makefile": "VERSION = 6\n", "Kconfig": "-> init/Kconfig", "kernel/fork.c": "a\nb\nc\n", "kernel/exit.c": "bye\n", "scripts/run.sh": "#!\n",
	"drivers/gpu/card.c": "card\n", "drivers/gpu/common.c": "1\n2\n3\n",
}

const specText = `Name: kernel
Version: 6.1
Source0: linux-%{version}.tar.xz
Patch0002: 0002-second.patch
Patch0001: 0001-first.patch
%prep
%autosetup -p1
`

const first = `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
Subject: [PATCH 1/2] first

diff --git a/kernel/fork.c b/kernel/fork.c
index 1..2 100644
--- a/kernel/fork.c
+++ b/kernel/fork.c
@@ -1,3 +1,3 @@
 a
-b
+first
 c
diff --git a/drivers/gpu/card.c b/drivers/gpu/card.c
index 1..2 100644
--- a/drivers/gpu/card.c
+++ b/drivers/gpu/card.c
@@ -1 +1 @@
-what is not there
+x
diff --git a/drivers/gpu/firmware.bin b/drivers/gpu/firmware.bin
index 1..2 100644
Binary files a/drivers/gpu/firmware.bin and b/drivers/gpu/firmware.bin differ
diff --git a/drivers/gpu/common.c b/lib/common.c
similarity index 60%
rename from drivers/gpu/common.c
rename to lib/common.c
index 1..2 100644
--- a/drivers/gpu/common.c
+++ b/lib/common.c
@@ -1,3 +1,3 @@
 1
-2
+two
 3
-- 
2.39.1

`

const second = `diff --git a/kernel/fork.c b/kernel/fork.c
index 1..2 100644
--- a/kernel/fork.c
+++ b/kernel/fork.c
@@ -1,3 +1,4 @@
 a
 first
+second
 c
diff --git a/kernel/exit.c b/kernel/exit.c
deleted file mode 100644
index 1..0
--- a/kernel/exit.c
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/net/new.c b/net/new.c
new file mode 100644
index 0..1
--- /dev/null
+++ b/net/new.c
@@ -0,0 +1 @@
+new
diff --git a/scripts/new.sh b/scripts/new.sh
new file mode 100755
index 0..1
--- /dev/null
+++ b/scripts/new.sh
@@ -0,0 +1 @@
+#!
diff --git a/Kconfig b/Kconfig
index 1..2 120000
--- a/Kconfig
+++ b/Kconfig
@@ -1 +1 @@
-init/Kconfig
\ No newline at end of file
+lib/Kconfig
\ No newline at end of file
`

// The order: files as they lie in the archive, then those that patches touch.
const packed = `top/Makefile 644 VERSION = 6
top/scripts/run.sh 755 #!
top/Kconfig 755 -> lib/Kconfig
top/kernel/fork.c 644 a/first/second/c
top/lib/common.c 644 1/two/3
top/net/new.c 644 new
top/scripts/new.sh 755 #!
`

func TestSourceRPM(t *testing.T) {
	source := kernelTar(t, linux)
	for _, payload := range []string{"gzip", "xz", "zstd"} {
		for _, kind := range []string{"", ".gz", ".xz", ".zst"} {
			got, err := packSRPM(t, srpm(t, payload, map[string]string{
				"kernel.spec": specText, "0001-first.patch": first, "0002-second.patch": second,
				"linux-6.1.tar" + kind: compress(t, kind, source), "bpftool-7.tar.xz": "another archive", "config-x86_64": "CONFIG_X=y",
			}), nil)
			if err != nil || got != packed {
				t.Errorf("%s payload, %q: %v; got\n%s", payload, kind, err, got)
			}
		}
	}
}

// bzip2 of linux-6.1/Makefile and linux-6.1/kernel/fork.c, made by the real one.
const bzip2ed = "QlpoOTFBWSZTWbRKOmQAAJ7/gMuQAEBAA+2CAiOZAHstnkAkCCAAkoimm0gAAANMQZNNBJIiabQ1NNBoGIAD1JY5RH1DQYAGzJIRbbpIA10SBQIQwD68cp7DyOL+P0pO+jw1JYJKjCAE7E13AmeXudyrH76tQEJAMKiqOktKFOECctBNxMcmE6oWYDoEzFugKEUINokSJER5rEg/i7kinChIWiUdMgA="

func TestSourceRPMBzip2(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(bzip2ed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := packSRPM(t, srpm(t, "gzip", map[string]string{"kernel.spec": "Name: kernel\n", "linux-6.1.tar.bz2": string(data)}), nil)
	if want := "top/Makefile 644 VERSION = 6\ntop/kernel/fork.c 644 a/b/c\n"; err != nil || got != want {
		t.Errorf("%v; got\n%s", err, got)
	}
}

func TestSourceRPMChoices(t *testing.T) {
	files := func(more map[string]string) map[string]string {
		all := map[string]string{"kernel.spec": specText, "0001-first.patch": first, "0002-second.patch": second, "linux-6.1.tar": kernelTar(t, linux)}
		maps.Copy(all, more)
		maps.DeleteFunc(all, func(_, text string) bool { return text == "none" })
		return all
	}
	skip := func(names ...string) func(*Request) {
		return func(r *Request) {
			r.Skip = map[string]string{}
			for _, name := range names {
				r.Skip[name] = "of another processor"
			}
		}
	}
	withoutSecond := "top/Kconfig 755 -> init/Kconfig\ntop/Makefile 644 VERSION = 6\ntop/kernel/exit.c 644 bye\ntop/scripts/run.sh 755 #!\n" +
		"top/kernel/fork.c 644 a/first/c\ntop/lib/common.c 644 1/two/3\n"
	other := kernelTar(t, map[string]string{"Makefile": "VERSION = 5\n", "kernel/fork.c": "a\nb\nc\n", "drivers/gpu/common.c": "1\n2\n3\n"})
	for name, c := range map[string]struct {
		files  map[string]string
		change func(*Request)
		want   string // of the archive, or of the error
		fails  bool
	}{
		"skipped by name":      {files: files(nil), change: skip("0002-second.patch"), want: withoutSecond},
		"skipped by tag":       {files: files(nil), change: skip("Patch2"), want: withoutSecond},
		"an empty patch":       {files: files(map[string]string{"0002-second.patch": ""}), want: withoutSecond},
		"compressed patch":     {files: files(map[string]string{"0001-first.patch": compress(t, ".xz", first)}), want: packed},
		"named archive":        {files: files(map[string]string{"kernel.tar": other, "0002-second.patch": ""}), change: func(r *Request) { r.Tarball = "kernel.tar" }, want: "top/Makefile 644 VERSION = 5\ntop/kernel/fork.c 644 a/first/c\ntop/lib/common.c 644 1/two/3\n"},
		"missing, but skipped": {files: files(map[string]string{"0002-second.patch": "none"}), change: skip("Patch2"), want: withoutSecond},

		"copy of what is not kept": {
			files: files(map[string]string{"0002-second.patch": "diff --git a/sound/a.c b/kernel/a.c\nsimilarity index 100%\ncopy from sound/a.c\ncopy to kernel/a.c\n", "0001-first.patch": "",
				"linux-6.1.tar": kernelTar(t, map[string]string{"sound/a.c": "a\n"})}),
			want: "top/kernel/a.c 644 a\n",
		},
		"dot in front": {
			files: map[string]string{"kernel.spec": "Name: x", "linux-6.1.tar": kernelTar(t, map[string]string{"./linux-6.1/kernel/a.c": "a\n"})},
			want:  "top/kernel/a.c 644 a\n",
		},
		"missing patch":         {files: files(map[string]string{"0002-second.patch": "none"}), fails: true, want: "kernel.spec:4: Patch2: 0002-second.patch is not in the package"},
		"listed nowhere":        {files: files(map[string]string{"9-extra.patch.xz": "x"}), fails: true, want: "9-extra.patch.xz is in the package, and no Patch of kernel.spec lists it"},
		"does not apply":        {files: files(map[string]string{"linux-6.1.tar": kernelTar(t, map[string]string{"kernel/fork.c": "a\n!\nc\n", "drivers/gpu/common.c": "1\n2\n3\n"})}), fails: true, want: "0001-first.patch: kernel/fork.c: hunk 1 of 1 (@@ -1,3 +1,3 @@) does not apply: its lines are neither at line 1 nor elsewhere; line 2 is \"!\\n\", not \"b\\n\"\nIf the patch is not meant for this kernel"},
		"first skipped":         {files: files(nil), change: skip("Patch1"), fails: true, want: "0002-second.patch: kernel/fork.c: hunk 1 of 1"},
		"binary of a kept file": {files: files(map[string]string{"0002-second.patch": "diff --git a/lib/x.bin b/lib/x.bin\nnew file mode 100644\nindex 0..1\nBinary files /dev/null and b/lib/x.bin differ\n"}), fails: true, want: "0002-second.patch: lib/x.bin: a binary patch"},
		"a number twice":        {files: files(map[string]string{"kernel.spec": strings.Replace(specText, "Patch0002", "Patch1", 1)}), fails: true, want: "kernel.spec:5: Patch1 is 0001-first.patch, and 0002-second.patch in line 4"},
		"a name in a macro":     {files: files(map[string]string{"kernel.spec": strings.Replace(specText, "0002-second", "%{x}", 1)}), fails: true, want: "kernel.spec:4: Patch2: its name cannot be told: the spec does not define %{x}"},
		"skips what is not":     {files: files(nil), change: skip("Patch7"), fails: true, want: "skip_patches names what kernel.spec has not: Patch7"},
		"skips with zeros":      {files: files(nil), change: skip("Patch0002"), fails: true, want: "without zeros"},
		"skips without why":     {files: files(nil), change: func(r *Request) { r.Skip = map[string]string{"Patch2": ""} }, fails: true, want: "no reason for Patch2"},
		"no archive":            {files: files(map[string]string{"linux-6.1.tar": "none", "bpftool-7.tar.xz": "x"}), fails: true, want: "nothing where one archive linux-VERSION.tar, .tar.xz, .tar.gz, .tar.zst or .tar.bz2 should be (archives there: bpftool-7.tar.xz)"},
		"two archives":          {files: files(map[string]string{"linux-6.2.tar.xz": "x"}), fails: true, want: "linux-6.1.tar, linux-6.2.tar.xz where one archive"},
		"archive not there":     {files: files(nil), change: func(r *Request) { r.Tarball = "kernel.tar" }, fails: true, want: "no kernel.tar is inside; archives there: linux-6.1.tar"},
		"archive of patches":    {files: files(map[string]string{"linux-6.1-patches.tar": "x"}), fails: true, want: "linux-6.1-patches.tar: patches in an archive are not known"},
		"no spec":               {files: files(map[string]string{"kernel.spec": "none"}), fails: true, want: "nothing where one .spec should be; is it a source RPM"},
		"two specs":             {files: files(map[string]string{"perf.spec": "x"}), fails: true, want: "kernel.spec, perf.spec where one .spec"},
		"truncated archive":     {files: files(map[string]string{"linux-6.1.tar": "none", "linux-6.1.tar.gz": compress(t, ".gz", kernelTar(t, linux))[:200]}), fails: true, want: "linux-6.1.tar.gz: unexpected EOF"},
		"cut behind its end":    {files: files(map[string]string{"linux-6.1.tar": "none", "linux-6.1.tar.gz": cut(compress(t, ".gz", kernelTar(t, linux)))}), fails: true, want: "linux-6.1.tar.gz: unexpected EOF"},
		"a hard link":           {files: files(map[string]string{"linux-6.1.tar": hardLink(t)}), fails: true, want: `"linux-6.1/kernel/fork.c" is of type '1'`},
		"not an archive":        {files: files(map[string]string{"linux-6.1.tar": strings.Repeat("text ", 200)}), fails: true, want: "linux-6.1.tar: archive/tar"},
		"out of the folder":     {files: files(map[string]string{"linux-6.1.tar": kernelTar(t, map[string]string{"../../etc/x": "x"})}), fails: true, want: "does not lie in one folder"},
		"nothing kept":          {files: map[string]string{"kernel.spec": "Name: x", "linux-6.1.tar": kernelTar(t, map[string]string{"Documentation/x": "x"})}, fails: true, want: "no sources of a kernel inside"},
	} {
		got, err := packSRPM(t, srpm(t, "gzip", c.files), c.change)
		switch {
		case c.fails && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		case !c.fails && (err != nil || got != c.want):
			t.Errorf("%s: %v; got\n%s", name, err, got)
		}
	}
}

func TestSourceRPMTruncated(t *testing.T) {
	for _, payload := range []string{"gzip", "xz", "zstd"} {
		data := srpm(t, payload, map[string]string{
			"kernel.spec": specText, "0001-first.patch": first, "0002-second.patch": second, "linux-6.1.tar": kernelTar(t, linux),
		})
		for _, left := range []int{len(data) - 1, len(data) - 100, len(data) / 2, 200, 50, 5} {
			if _, err := packSRPM(t, data[:left], nil); err == nil {
				t.Errorf("%s: %d of %d bytes were enough", payload, left, len(data))
			}
		}
	}
}

func TestOtherPackages(t *testing.T) {
	if _, err := packSRPM(t, []byte("PK\x03\x04 is a zip"), nil); err == nil || !strings.Contains(err.Error(), "neither a Debian package nor an RPM") {
		t.Errorf("a zip: %v", err)
	}
	deb := debtest.DebOf(t, "Package: linux-source-6.1\n", ".xz", nil)
	if _, err := packSRPM(t, deb, func(r *Request) { r.Tarball = "x" }); err == nil || !strings.Contains(err.Error(), "only a source RPM has such") {
		t.Errorf("a Debian package with an archive named: %v", err)
	}
}
