// SPDX-License-Identifier: Apache-2.0

package root

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// realRoot is a tool root of the build; the test runs where its programs do.
func realRoot(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TOOL_ROOT")
	if dir == "" {
		t.Skip("TOOL_ROOT is not set; run with Bazel")
	}
	// By way of a file: a sandbox may show a folder of links in place of the folder.
	const known = "/usr/bin/cat"
	abs, err := filepath.EvalSymlinks(filepath.Join(os.Getenv("TEST_SRCDIR"), dir) + known)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(abs, known)
}

func output(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// Whatever a program of a root maps into its memory must come from the root:
// that is what makes a build on it independent of the host.
func TestNothingOfTheHostIsMapped(t *testing.T) {
	dir := realRoot(t)
	maps := output(t, "/", filepath.Join(dir, "usr/bin/cat"), "/proc/self/maps")
	seen := 0
	for _, line := range strings.Split(maps, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasPrefix(fields[5], "/") {
			continue
		}
		seen++
		if !strings.HasPrefix(fields[5], dir+"/") {
			t.Errorf("a file of the host is mapped: %s", fields[5])
		}
	}
	if seen < 3 {
		t.Fatalf("%d files are mapped, at least the program, its loader and libc were expected:\n%s", seen, maps)
	}
}

func TestStartedInEveryWay(t *testing.T) {
	dir := realRoot(t)
	bin := filepath.Join(dir, "usr/bin")
	t.Run("by a relative path", func(t *testing.T) {
		if got := output(t, bin, "./expr", "6", "*", "7"); got != "42\n" {
			t.Fatalf("got %q", got)
		}
	})
	t.Run("by a link elsewhere", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "calculate")
		if err := os.Symlink(filepath.Join(bin, "expr"), link); err != nil {
			t.Fatal(err)
		}
		if got := output(t, "/", link, "6", "*", "7"); got != "42\n" {
			t.Fatalf("got %q", got)
		}
	})
	t.Run("by a link to the whole root", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "root")
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		if got := output(t, "/", filepath.Join(link, "usr/bin/expr"), "6", "*", "7"); got != "42\n" {
			t.Fatalf("got %q", got)
		}
	})
	t.Run("by the root's shell and PATH", func(t *testing.T) {
		got := output(t, "/", filepath.Join(bin, "bash"), "-c", "PATH="+bin+"; seq 3 | sort -r | tr '\\n' ' '; echo x | awk '{print $1 NR}'")
		if got != "3 2 1 x1\n" {
			t.Fatalf("got %q", got)
		}
	})
	t.Run("as the interpreter of a script", func(t *testing.T) {
		script := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(script, []byte("#!"+bin+"/bash\necho $BASH $0 $1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if got, want := output(t, "/", script, "x"), bin+"/bash "+script+" x\n"; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
	t.Run("without what the caller would preload", func(t *testing.T) {
		for _, name := range []string{"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH"} {
			cmd := exec.Command(filepath.Join(bin, "env"))
			cmd.Env = []string{"A=1", name + "=/nonexistent/x.so", "B=2"}
			out, err := cmd.CombinedOutput()
			if err != nil || string(out) != "A=1\nB=2\n" {
				t.Errorf("%s: got %q, %v", name, out, err)
			}
		}
	})
	t.Run("with odd arguments", func(t *testing.T) {
		args := []string{"%s|", "", "a b", "\x01\x02", "--argv0", "ü"}
		if got := output(t, "/", filepath.Join(bin, "printf"), args...); got != "|a b|\x01\x02|--argv0|ü|" {
			t.Fatalf("got %q", got)
		}
	})
	t.Run("with its exit status", func(t *testing.T) {
		err := exec.Command(filepath.Join(bin, "bash"), "-c", "exit 7").Run()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 7 {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("make runs make", func(t *testing.T) {
		work := t.TempDir()
		text := "SHELL := " + bin + "/bash\nall:\n\t@$(MAKE) --no-print-directory inner\ninner:\n\t@echo deep\n"
		if err := os.WriteFile(filepath.Join(work, "Makefile"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := output(t, work, filepath.Join(bin, "make"), "-s"); got != "deep\n" {
			t.Fatalf("got %q", got)
		}
	})
}

// makeDeb writes a package whose data archive holds the entries.
func makeDeb(t *testing.T, entries ...tar.Header) string {
	t.Helper()
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, h := range entries {
		body := []byte(h.Linkname)
		if h.Typeflag == tar.TypeReg {
			h.Linkname = ""
			h.Size = int64(len(body))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write(body)
		}
	}
	w.Close()
	file := filepath.Join(t.TempDir(), "p.deb")
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"data.tar", data.Bytes()}} {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, 0, 0, 0, "100644", len(m.data))
		out.Write(m.data)
		if len(m.data)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func file(name, body string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Linkname: body, Mode: 0o644}
}

func link(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
}

func build(t *testing.T, o Options) (map[string]string, error) {
	t.Helper()
	o.Out = filepath.Join(t.TempDir(), "out")
	if err := Build(o); err != nil {
		return nil, err
	}
	got := map[string]string{}
	err := filepath.Walk(o.Out, func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		if !info.Mode().IsRegular() {
			t.Errorf("%s is no regular file", p)
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(o.Out, p)
		got[rel] = string(data)
		return err
	})
	return got, err
}

func TestLinksBecomeFiles(t *testing.T) {
	got, err := build(t, Options{Packages: []string{makeDeb(t,
		file("./bin/tool", "T"),
		link("./usr/bin/other", "tool"),
		link("./usr/bin/absolute", "/bin/tool"),
		link("./usr/lib/up", "../bin/other"),
		file("./usr/share/dir/a", "A"),
		link("./usr/share/alias", "dir"),
		link("./usr/bin/nowhere", "/etc/none"),
		link("./usr/bin/round", "round"),
		link("./usr/share/dir/self", "."),
		link("./usr/bin/outside", "../../../../../../etc/passwd"),
	)}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"usr/bin/tool": "T", "usr/bin/other": "T", "usr/bin/absolute": "T", "usr/lib/up": "T",
		"usr/share/dir/a": "A", "usr/share/alias/a": "A",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestLaterPackageWinsAndExclude(t *testing.T) {
	got, err := build(t, Options{
		Packages: []string{
			makeDeb(t, file("usr/bin/a", "1"), file("usr/share/doc/a/x", "doc")),
			makeDeb(t, file("bin/a", "2"), link("usr/bin/x", "a")),
			makeDeb(t, file("usr/bin/x", "3"), file("usr/bin/y", "4")),
			makeDeb(t, link("usr/bin/y", "x")),
		},
		Exclude: []string{"usr/share/doc"},
		Links:   []Link{{Name: "usr/bin/b", Target: "usr/bin/a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"usr/bin/a": "2", "usr/bin/b": "2", "usr/bin/x": "3", "usr/bin/y": "3"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestHostilePackages(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage.deb")
	if err := os.WriteFile(garbage, []byte("!<arch>\nnonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, deb, want string }{
		{"a path out of the root", makeDeb(t, file("../../evil", "x")), "leads out of the package"},
		{"a line break in a path", makeDeb(t, file("usr/a\nb", "x")), "unsafe path"},
		{"not a package", garbage, "garbage.deb"},
		{"no such file", "/nonexistent/p.deb", "p.deb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := build(t, Options{Packages: []string{c.deb}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestMissingLibraryIsAnError(t *testing.T) {
	real := realRoot(t)
	program, err := os.ReadFile(filepath.Join(real, "elf/usr/bin/make"))
	if err != nil {
		t.Fatal(err)
	}
	launcher := filepath.Join(t.TempDir(), "launcher")
	if err := os.WriteFile(launcher, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = build(t, Options{
		Packages: []string{makeDeb(t, tar.Header{Typeflag: tar.TypeReg, Name: "usr/bin/make", Linkname: string(program), Mode: 0o755})},
		Launcher: launcher,
	})
	if err == nil || !strings.Contains(err.Error(), "usr/bin/make needs libc.so.6") {
		t.Fatalf("got %v", err)
	}
}

func TestConfigure(t *testing.T) {
	image := append([]byte("before"), make([]byte, launcherConfigSize)...)
	copy(image[6:], launcherMagic)
	image = append(image, "after"...)
	got, err := Configure(image, []string{"a", "--b"})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(got, []byte("beforea\x00--b\x00\x00\x00")) || !bytes.HasSuffix(got, []byte("\x00after")) || len(got) != len(image) {
		t.Fatalf("got %q", got)
	}
	if _, err := Configure(image, []string{strings.Repeat("x", launcherConfigSize)}); err == nil {
		t.Fatal("arguments that do not fit were taken")
	}
	if _, err := Configure([]byte("no launcher"), nil); err == nil {
		t.Fatal("an image without a configuration area was taken")
	}
}
