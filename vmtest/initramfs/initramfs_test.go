// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// list reads an archive back, as "name mode content".
func list(t *testing.T, archive []byte) []string {
	t.Helper()
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	inodes := map[uint64]bool{}
	for _, r := range records {
		if r.MTime != 0 || r.UID != 0 || r.GID != 0 || r.Major != 0 || r.Minor != 0 {
			t.Errorf("%s carries something of this machine: %+v", r.Name, r.Info)
		}
		if inodes[r.Ino] {
			t.Errorf("%s: inode %d twice, which makes a hard link", r.Name, r.Ino)
		}
		inodes[r.Ino] = true
		content := make([]byte, r.FileSize)
		if r.ReaderAt != nil {
			r.ReadAt(content, 0)
		}
		kind := map[uint64]string{cpio.S_IFDIR: "d", cpio.S_IFREG: "f", cpio.S_IFLNK: "l"}[r.Mode&cpio.S_IFMT]
		out = append(out, strings.TrimSpace(kind+" "+r.Name+" "+string(content)))
	}
	return out
}

var time0 = time.Unix(1, 0)

func TestWrite(t *testing.T) {
	host := filepath.Join(t.TempDir(), "h")
	if err := os.WriteFile(host, []byte("from the host"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries := []Entry{
		{Path: "/sbin/modprobe", Link: "/init"},
		{Path: "/a/b/c", Host: host, Mode: 0o755},
		{Path: "/a-b", Content: []byte("text")},
		{Path: "/empty", Content: []byte{}},
		{Path: "/tmp", Dir: true, Mode: 0o1777},
	}
	first, err := Bytes(entries)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"d a", "f a-b text", "d a/b", "f a/b/c from the host", "f empty", "d sbin", "l sbin/modprobe /init", "d tmp"}
	if got := list(t, first); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	slices.Reverse(entries)
	if err := os.Chtimes(host, time0, time0); err != nil {
		t.Fatal(err)
	}
	second, err := Bytes(entries)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the order of the list or the time of a file changes the archive (%v)", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		entries []Entry
		want    string
	}{
		{[]Entry{{Path: "a", Dir: true}}, "not an absolute path"},
		{[]Entry{{Path: "/", Dir: true}}, "not an absolute path"},
		{[]Entry{{Path: "/a"}}, "exactly one of"},
		{[]Entry{{Path: "/a", Dir: true, Link: "x"}}, "exactly one of"},
		{[]Entry{{Path: "/a", Dir: true}, {Path: "/a/", Dir: true}}, "twice"},
		{[]Entry{{Path: "/a", Content: []byte("x")}, {Path: "/a/b", Dir: true}}, "not a folder"},
		{[]Entry{{Path: "/a", Host: "/nonexistent/file"}}, "/a: open /nonexistent/file"},
		{[]Entry{{Path: "/a", Dir: true, Mode: 0o100644}}, "more than permission bits"},
	} {
		if _, err := Bytes(c.entries); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.entries, err, c.want)
		}
	}
}

func TestSpec(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	init := put("init", "I")
	put("b.ko", "B")
	put("modules.json", `[{"name":"a","path":"/lib/a.ko"},{"name":"b","path":"/lib/b.ko","depends":["c"]},{"name":"c","path":"","builtin":true}]`)
	s := Spec{
		Init: init, ModulesDir: dir,
		Config: wire.Config{
			Programs: []wire.Program{{Name: "p", Path: "/p", Format: "exit"}},
			Load:     []string{"b", "gone?"},
		},
	}
	entries, err := s.Entries()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Bytes(entries)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(list(t, archive), "\n")
	for _, w := range []string{"f init I", "f lib/b.ko B", "l sbin/modprobe /init", "d proc", `"load": [` + "\n    \"b\"\n  ]"} {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
	if strings.Contains(text, "lib/a.ko") {
		t.Error("a module that nobody asked for is in the archive")
	}
	s.Config.Load = []string{"gone"}
	if _, err := s.Entries(); err == nil || !strings.Contains(err.Error(), "module gone") {
		t.Errorf("error %v", err)
	}
}

func TestMainRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "spec.json")
	if err := os.WriteFile(bad, []byte(`{"inti":"x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"mkinitramfs"}, 2, "-spec and -out are needed"},
		{[]string{"mkinitramfs", "-nonsense"}, 2, "-nonsense"},
		{[]string{"mkinitramfs", "--help"}, 0, "Usage"},
		{[]string{"mkinitramfs", "-spec", bad, "-out", bad + ".cpio"}, 1, "unknown field"},
		{[]string{"mkinitramfs", "-spec", bad + "x", "-out", bad + ".cpio"}, 1, "no such file"},
	} {
		var b bytes.Buffer
		if code := Main(c.args, &b); code != c.code || !strings.Contains(b.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, b.String())
		}
		if _, err := os.Stat(bad + ".cpio"); err == nil {
			t.Errorf("%q wrote an archive", c.args)
		}
	}
}
