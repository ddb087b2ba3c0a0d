// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// packed writes an archive as //toolchains/kernel/source does; "-> x" is a link.
func packed(t *testing.T, files ...[2]string) string {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f[0], Mode: 0o644, Size: int64(len(f[1]))}
		if to, ok := strings.CutPrefix(f[1], "-> "); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, to, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			w.Write([]byte(f[1]))
		}
	}
	w.Close()
	z.Close()
	name := filepath.Join(t.TempDir(), "linux-6.12.tar.zst")
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func sources(t *testing.T) string {
	return packed(t,
		[2]string{"usr/src/linux/net/tls/tls_main.c", "int kernel;"},
		[2]string{"usr/src/linux/tools/testing/selftests/kselftest.h", "#pragma once"},
		[2]string{"usr/src/linux/tools/testing/selftests/link.h", "-> kselftest.h"},
		[2]string{"usr/src/linux/tools/testing/selftests/net/tls.c", "int test;"})
}

func TestFiles(t *testing.T) {
	out := t.TempDir()
	names := []string{"tools/testing/selftests/net/tls.c", "tools/testing/selftests/kselftest.h"}
	if err := Files(sources(t), "usr/src/linux", out, names); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"int test;", "#pragma once"} {
		if got, err := os.ReadFile(filepath.Join(out, names[i])); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", names[i], got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "net/tls/tls_main.c")); err == nil {
		t.Error("a file that nobody asked for was written")
	}
}

func TestFilesRefuses(t *testing.T) {
	in := sources(t)
	data, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.tar.zst")
	text := filepath.Join(t.TempDir(), "text.tar.zst")
	for name, content := range map[string][]byte{cut: data[:len(data)/2], text: []byte("plain text")} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what, in, name string
		want           []string
	}{
		{"no such file", in, "tools/testing/selftests/net/tsl.c", []string{"linux-6.12.tar.zst", "tools/testing/selftests/net/tsl.c", "vm.go"}},
		{"name of a folder", in, "tools/testing/selftests", []string{"tools/testing/selftests in it"}},
		{"link", in, "tools/testing/selftests/link.h", []string{"link.h is a link"}},
		{"outside", in, "../etc/passwd", []string{`"../etc/passwd"`, "below the kernel's top folder"}},
		{"absolute", in, "/etc/passwd", []string{`"/etc/passwd"`}},
		{"not clean", in, "net/../net/tls.c", []string{`"net/../net/tls.c"`}},
		{"empty", in, "", []string{`""`}},
		{"no archive", in + "x", "a", []string{"no such file"}},
		{"cut archive", cut, "tools/testing/selftests/net/tls.c", []string{"cut.tar.zst"}},
		{"no archive at all", text, "a", []string{"text.tar.zst"}},
	} {
		out := t.TempDir()
		err := Files(c.in, "usr/src/linux", out, []string{c.name})
		if err == nil {
			t.Errorf("%s: no error", c.what)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q, want one with %q", c.what, err, w)
			}
		}
	}
}

func TestMainUsage(t *testing.T) {
	in := sources(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "Usage: sourcefiles"},
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"-missing", "on no mirror", "-out", "x", "net/tls.c"}, 1, "net/tls.c is wanted, are not there: on no mirror"},
		{[]string{"-in", in, "-out", "x"}, 2, "at least one file"},
		{[]string{"-in", in, "-top", "usr/src/linux", "-out", t.TempDir(), "gone.c"}, 1, "no gone.c in it"},
		{[]string{"-in", in, "-top", "usr/src/linux", "-out", t.TempDir(), "net/tls/tls_main.c"}, 0, ""},
	} {
		var b bytes.Buffer
		if code := Main(append([]string{"sourcefiles"}, c.args...), &b); code != c.code || !strings.Contains(b.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, b.String())
		}
	}
}
