// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
	"github.com/tidelock/tidelock/vmtest/initramfs"
)

// build makes a layer and reads it back, as "kind mode path content".
func build(t *testing.T, o Options) ([]string, error) {
	t.Helper()
	if o.Arch == "" {
		o.Arch = "x86_64"
	}
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		return nil, err
	}
	p := filepath.Join(t.TempDir(), "layer.cpio")
	if err := os.WriteFile(p, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := initramfs.ReadLayer(p)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range l.Entries {
		switch {
		case e.Dir:
			list = append(list, fmt.Sprintf("d %o %s", e.Mode, e.Path))
		case e.Link != "":
			list = append(list, fmt.Sprintf("l %s %s", e.Path, e.Link))
		default:
			list = append(list, fmt.Sprintf("f %o %s %s", e.Mode, e.Path, e.Content))
		}
	}
	return list, nil
}

// own takes away what every layer of x86_64 has.
func own(list []string) []string {
	return slices.DeleteFunc(list, func(s string) bool {
		return slices.Contains([]string{"l /bin usr/bin", "l /lib usr/lib", "l /lib64 usr/lib64", "l /sbin usr/sbin", "d 755 /usr"}, s)
	})
}

func TestFilesStandWherePackagesPutThem(t *testing.T) {
	got, err := build(t, Options{
		Packages: []string{
			makeDeb(t, "one",
				program("./bin/tool", 0o4755, []byte("T")),
				hardLink("./usr/bin/twin", "bin/tool"),
				link("./usr/bin/absolute", "/etc/alternatives/tool"),
				link("./usr/bin/up", "../../../../../../bin/tool"),
				folder("./var/lib/one", 0o700),
				debtest.Text("./usr/share/doc/one/copyright", "D"),
				program("./etc/one/secret", 0o240, []byte("S")),
			),
			makeDeb(t, "two", debtest.Text("usr/share/same", "equal")),
			makeDeb(t, "three", debtest.Text("./usr/share/same", "equal"), folder("./var/lib/one", 0o755)),
		},
		Base: makeSetup(t, Setup{
			Exclude: map[string]string{"usr/share/doc": "documentation", "nothing/of/it": "may match nothing"},
			Add: []Addition{
				{Path: "/etc/passwd", Lines: []string{"root:x:0:0"}, Why: "names"},
				{Path: "/var/run", Link: "/run", Why: "older name"},
				{Path: "/var/log", Dir: true, Why: "servers write there"},
			},
		}),
	})
	want := []string{
		"d 755 /etc", "d 755 /etc/one", "f 640 /etc/one/secret S", "f 644 /etc/passwd root:x:0:0\n",
		"d 755 /usr/bin", "l /usr/bin/absolute /etc/alternatives/tool", "f 755 /usr/bin/tool T", "f 755 /usr/bin/twin T",
		"l /usr/bin/up ../../../../../../bin/tool", "d 755 /usr/share", "f 644 /usr/share/same equal",
		"d 755 /var", "d 755 /var/lib", "d 755 /var/lib/one", "d 755 /var/log", "l /var/run /run",
	}
	if got = own(got); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

func TestSameBytes(t *testing.T) {
	one := makeDeb(t, "one", debtest.Text("usr/share/a", "a"), link("usr/share/l", "a"))
	two := makeDeb(t, "two", debtest.Text("usr/share/b", "b"), debtest.Text("usr/share/a", "a"))
	var first, second bytes.Buffer
	for b, packages := range map[*bytes.Buffer][]string{&first: {one, two}, &second: {two, one}} {
		if err := Write(b, Options{Arch: "aarch64", Packages: packages}); err != nil {
			t.Fatal(err)
		}
	}
	if first.Len() == 0 || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order of packages changes the layer")
	}
}

func TestScriptsWithoutInterpreterAreLeftOut(t *testing.T) {
	got, err := build(t, Options{Packages: []string{makeDeb(t, "scripts",
		program("usr/bin/sh", 0o755, []byte("a shell")),
		program("usr/bin/kept", 0o755, []byte("#!/bin/sh -e\n")),
		program("usr/bin/found", 0o755, []byte("#! /usr/bin/env sh\n")),
		program("usr/bin/gone", 0o755, []byte("#!/usr/bin/perl\n")),
		program("usr/bin/empty", 0o755, []byte("#!\n")),
		debtest.Text("usr/share/library.pl", "#!/usr/bin/perl\n"),
	)}})
	text := strings.Join(got, "\n")
	if err != nil || strings.Contains(text, "gone") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, want := range []string{"/usr/bin/kept", "/usr/bin/found", "/usr/bin/empty", "/usr/share/library.pl"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

func TestLibrariesAreFound(t *testing.T) {
	const triplet = "usr/lib/x86_64-linux-gnu/"
	_, err := build(t, Options{Packages: []string{makeDeb(t, "complete",
		program("usr/bin/p", 0o755, needs{interp: "/lib64/ld-linux-x86-64.so.2", needed: []string{"libc.so.6", "libprivate.so"}, runpath: "/nonexistent:$ORIGIN/../lib/p"}.image(t)),
		program("usr/lib/p/libprivate.so", 0o644, needs{needed: []string{"libtop.so.1"}}.image(t)),
		program("usr/lib/libtop.so.1", 0o644, needs{}.image(t)),
		link(triplet+"libc.so.6", "libc-2.so"),
		program(triplet+"libc-2.so", 0o644, needs{}.image(t)),
		program(triplet+"ld-2.so", 0o755, needs{}.image(t)),
		link("usr/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-2.so"),
	)}})
	if err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	exclude := func(pattern string) any { return Setup{Exclude: map[string]string{pattern: "why"}} }
	for _, c := range []struct {
		name  string
		files []debtest.File
		setup any
		want  []string
	}{
		{"a missing library", []debtest.File{program("usr/lib/libx.so", 0o644, needs{needed: []string{"libgone.so.3"}}.image(t))}, nil,
			[]string{"/usr/lib/libx.so of a.deb needs libgone.so.3"}},
		{"a library in a folder where nobody looks", []debtest.File{
			program("usr/lib/libx.so", 0o644, needs{needed: []string{"liby.so"}}.image(t)),
			program("usr/lib/elsewhere/liby.so", 0o644, needs{}.image(t))}, nil,
			[]string{"/usr/lib/libx.so of a.deb needs liby.so"}},
		{"a link in place of a library that leads nowhere", []debtest.File{
			program("usr/lib/libx.so", 0o644, needs{needed: []string{"liby.so"}}.image(t)), link("usr/lib/liby.so", "liby.so.1")}, nil,
			[]string{"needs liby.so"}},
		{"a missing loader", []debtest.File{program("usr/bin/p", 0o755, needs{interp: "/lib64/ld-linux-x86-64.so.2"}.image(t))}, nil,
			[]string{"/usr/bin/p of a.deb wants the loader /lib64/ld-linux-x86-64.so.2"}},
		{"another architecture", []debtest.File{program("usr/bin/p", 0o755, needs{machine: elf.EM_AARCH64}.image(t))}, nil,
			[]string{"/usr/bin/p of a.deb: it is for EM_AARCH64, the guest is EM_X86_64"}},
		{"a damaged program", []debtest.File{program("usr/bin/p", 0o755, needs{}.image(t)[:40])}, nil,
			[]string{"/usr/bin/p of a.deb: it begins like an ELF file and cannot be read"}},
		{"a path out of the guest", []debtest.File{debtest.Text("usr/../../evil", "x")}, nil, []string{"a.deb", "leads out of the package"}},
		{"a hard link out of the guest", []debtest.File{hardLink("usr/bin/x", "../../evil")}, nil, []string{"a.deb", "leads out of the package"}},
		{"a hard link to nothing", []debtest.File{hardLink("usr/bin/x", "usr/bin/y")}, nil, []string{"a.deb: the hard link usr/bin/x leads to usr/bin/y"}},
		{"a line break", []debtest.File{debtest.Text("usr/a\nb", "x")}, nil, []string{"control character"}},
		{"a link to itself", []debtest.File{link("usr/x", "x")}, nil, []string{"/usr/x of a.deb: the link to x never ends"}},
		{"links in a circle", []debtest.File{link("usr/x", "/usr/y"), link("usr/y", "../usr/x")}, nil, []string{"/usr/x of a.deb", "never ends"}},
		{"a file below a link", []debtest.File{link("usr/x", "y"), folder("usr/y", 0o755), debtest.Text("usr/x/f", "f")}, nil,
			[]string{"/usr/x/f of a.deb lies in /usr/x, which is a link"}},
		{"a file below a file", []debtest.File{debtest.Text("usr/x", ""), debtest.Text("usr/x/f", "f")}, nil, []string{"which is a file of a.deb"}},
		{"an exclusion of nothing", []debtest.File{debtest.Text("usr/x", "")}, exclude("usr/y"), []string{`nothing matches "usr/y"`}},
		{"an exclusion without a reason", nil, Setup{Exclude: map[string]string{"usr/y": " "}}, []string{"has no reason"}},
		{"a bad pattern", nil, exclude("usr/["), []string{"is no pattern"}},
		{"an addition without a reason", nil, Setup{Add: []Addition{{Path: "/a", Dir: true}}}, []string{"add[0] (/a): why is empty"}},
		{"an addition of two kinds", nil, Setup{Add: []Addition{{Path: "/a", Dir: true, Link: "b", Why: "w"}}}, []string{"exactly one of"}},
		{"an addition at no clean path", nil, Setup{Add: []Addition{{Path: "/a/../b", Dir: true, Why: "w"}}}, []string{"not an absolute, clean path"}},
		{"an addition in place of a file", []debtest.File{debtest.Text("etc/x", "1")}, Setup{Add: []Addition{{Path: "/etc/x", Lines: []string{"2"}, Why: "w"}}},
			[]string{"/etc/x: the file of a.deb and the file of setup.json differ"}},
		{"a misspelt field", nil, map[string]any{"exclued": map[string]string{}}, []string{"exclued"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Packages: []string{makeDeb(t, "a", c.files...)}}
			if c.setup != nil {
				o.Setup = makeSetup(t, c.setup)
			}
			got, err := build(t, o)
			if err == nil {
				t.Fatalf("made %q", got)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestPackagesThatDiffer(t *testing.T) {
	for _, second := range []debtest.File{debtest.Text("usr/x", "2"), program("usr/x", 0o755, []byte("1")), link("usr/x", "y"), folder("usr/x", 0o755)} {
		packages := []string{makeDeb(t, "one", debtest.Text("usr/x", "1")), makeDeb(t, "two", second)}
		_, err := build(t, Options{Packages: packages})
		slices.Reverse(packages)
		if _, other := build(t, Options{Packages: packages}); fmt.Sprint(err) != fmt.Sprint(other) {
			t.Errorf("the order of packages changes the message: %v; %v", err, other)
		}
		if err == nil || !strings.Contains(err.Error(), "/usr/x") || !strings.Contains(err.Error(), "one.deb") || !strings.Contains(err.Error(), "two.deb") {
			t.Errorf("error %v", err)
		}
	}
}

func TestMainProgram(t *testing.T) {
	good := makeDeb(t, "good", debtest.Text("usr/x", "1"))
	bad := filepath.Join(t.TempDir(), "bad.deb")
	if err := os.WriteFile(bad, []byte("!<arch>\nnonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "Usage"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"-arch", "x86_64", "-out", "OUT"}, 2, "at least one package"},
		{[]string{"-arch", "sparc", "-out", "OUT", good}, 1, "x86_64 or aarch64"},
		{[]string{"-arch", "x86_64", "-out", "OUT", bad}, 1, "bad.deb"},
		{[]string{"-arch", "x86_64", "-out", "OUT", bad + ".gone"}, 1, "no such file"},
		{[]string{"-arch", "x86_64", "-setup", bad + ".gone", "-out", "OUT", good}, 1, "no such file"},
		{[]string{"-arch", "x86_64", "-out", "OUT", good}, 0, ""},
	} {
		out := filepath.Join(t.TempDir(), "out.cpio")
		args := []string{"mkguestroot"}
		for _, a := range c.args {
			args = append(args, strings.ReplaceAll(a, "OUT", out))
		}
		var b bytes.Buffer
		if code := Main(args, &b); code != c.code || !strings.Contains(b.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, b.String())
		}
		_, err := os.Stat(out)
		if made := err == nil; made != (c.want == "") {
			t.Errorf("%q: an archive was written: %v", c.args, made)
		}
	}
}
