// SPDX-License-Identifier: Apache-2.0

package kimage

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
	"github.com/tidelock/tidelock/tools/strictjson"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// module makes an object file with nothing but a .modinfo section.
func module(entries ...string) []byte {
	info := strings.Join(entries, "\x00") + "\x00"
	names := "\x00.modinfo\x00.shstrtab\x00"
	head := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1,
		Ehsize: 64, Shentsize: 64, Shnum: 3, Shstrndx: 2, Shoff: uint64(64 + len(info) + len(names)),
	}
	copy(head.Ident[:], "\x7fELF\x02\x01\x01")
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, head)
	b.WriteString(info + names)
	for _, s := range []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: 64, Size: uint64(len(info)), Addralign: 1},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(64 + len(info)), Size: uint64(len(names)), Addralign: 1},
	} {
		binary.Write(&b, binary.LittleEndian, s)
	}
	return b.Bytes()
}

func zst(data []byte) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll(data, nil))
}

func gz(data []byte) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.String()
}

const release = "7.2.1+deb13-cloud-amd64"

// pack writes a package and returns its path.
func pack(t *testing.T, files map[string]string) string {
	t.Helper()
	var list []debtest.File
	for name, text := range files {
		f := debtest.Text("./"+name, text)
		f.Header.Size = int64(len(text))
		list = append(list, f)
	}
	path := filepath.Join(t.TempDir(), "p.deb")
	if err := os.WriteFile(path, debtest.DebOf(t, "Package: p\nVersion: 1\nArchitecture: amd64\n", ".zst", list), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// split is a kernel in two packages, as Debian ships them since 7.0.
func split(t *testing.T) []string {
	dir := "usr/lib/modules/" + release
	return []string{
		pack(t, map[string]string{dir + "/vmlinuz": "KERNEL", dir + "/System.map": "x"}),
		pack(t, map[string]string{
			dir + "/modules.builtin":                      "kernel/drivers/virtio/virtio.ko\n",
			dir + "/kernel/net/tls/tls.ko.zst":            zst(module("alias=tcp-ulp-tls", "depends=", "name=tls")),
			dir + "/kernel/drivers/net/virtio_net.ko.gz":  gz(module("depends=net-failover,virtio", "alias=virtio:d1v*")),
			dir + "/kernel/net/core/net_failover.ko":      string(module("depends=failover")),
			dir + "/kernel/net/core/failover.ko":          string(module()),
			dir + "/kernel/x/broken.ko":                   "no module",
			dir + "/kernel/x/orphan.ko":                   string(module("depends=gone")),
			"usr/lib/modules/other/kernel/net/tls/tls.ko": "of another kernel",
			"usr/share/doc/linux/copyright":               "text",
		}),
	}
}

func extract(t *testing.T, packages []string, modules ...string) (string, []wire.Module, error) {
	t.Helper()
	dir := t.TempDir()
	r := Request{Packages: packages, Release: release, Modules: modules, Image: filepath.Join(dir, "image"), ModulesDir: filepath.Join(dir, "m")}
	if err := Extract(r); err != nil {
		if _, serr := os.Stat(r.Image); serr == nil {
			t.Error("an image was written although something failed")
		}
		return dir, nil, err
	}
	var list []wire.Module
	if err := strictjson.ReadFile(filepath.Join(r.ModulesDir, Catalogue), &list); err != nil {
		t.Fatal(err)
	}
	return dir, list, nil
}

func TestExtract(t *testing.T) {
	dir, list, err := extract(t, split(t), "virtio-net", "tls", "absent?")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "image")); err != nil || string(data) != "KERNEL" {
		t.Errorf("image %q, %v", data, err)
	}
	at := "/lib/modules/" + release + "/"
	want := []wire.Module{
		{Name: "failover", Path: at + "failover.ko"},
		{Name: "net_failover", Path: at + "net_failover.ko", Depends: []string{"failover"}},
		{Name: "tls", Path: at + "tls.ko", Aliases: []string{"tcp-ulp-tls"}},
		{Name: "virtio", Builtin: true},
		{Name: "virtio_net", Path: at + "virtio_net.ko", Depends: []string{"net_failover", "virtio"}, Aliases: []string{"virtio:d1v*"}},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("%+v\nwant %+v", list, want)
	}
	for _, m := range want {
		_, err := ReadModinfo(open(t, filepath.Join(dir, "m", m.Name+".ko"), m.Builtin))
		if !m.Builtin && err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}

func open(t *testing.T, path string, absent bool) *bytes.Reader {
	t.Helper()
	data, err := os.ReadFile(path)
	if (err != nil) != absent {
		t.Errorf("%s: %v", path, err)
	}
	return bytes.NewReader(data)
}

func TestExtractOnePackage(t *testing.T) {
	p := pack(t, map[string]string{
		"boot/vmlinuz-" + release: "K", "boot/config-" + release: "C",
		"lib/modules/" + release + "/kernel/net/tls/tls.ko": string(module("name=tls")),
	})
	_, list, err := extract(t, []string{p}, "tls", "virtio?")
	if err != nil || len(list) != 1 || list[0].Name != "tls" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, _, err := extract(t, []string{p}, "virtio"); err == nil || !strings.Contains(err.Error(), "no list of built-in modules") {
		t.Errorf("error %v", err)
	}
}

func TestExtractRefuses(t *testing.T) {
	both := split(t)
	for name, c := range map[string]struct {
		packages []string
		module   string
		want     string
	}{
		"no image":      {both[1:], "tls", "no kernel image of release " + release},
		"other release": {[]string{pack(t, map[string]string{"boot/vmlinuz-6.1": "K"})}, "tls", "(releases there: 6.1)"},
		"two images":    {append([]string{pack(t, map[string]string{"boot/vmlinuz-" + release: "K"})}, both...), "tls", "two kernel images"},
		"no module":     {both, "nothing", "has no such module"},
		"bad module":    {both, "broken", "not a kernel module"},
		"bad depends":   {both, "orphan", "module gone, which orphan needs"},
		"no package":    {[]string{"/nonexistent/p.deb"}, "tls", "/nonexistent/p.deb"},
	} {
		if _, _, err := extract(t, c.packages, c.module); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestMainUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"kimage", "--help"}, 0, "Usage: kimage"},
		{[]string{"kimage"}, 2, "are needed"},
		{[]string{"kimage", "-nonsense"}, 2, "nonsense"},
		{[]string{"kimage", "-release", "r", "-image", "/tmp/i", "-modules-dir", "/tmp/m", "/nonexistent/p.deb"}, 1, "/nonexistent/p.deb"},
	} {
		var b bytes.Buffer
		if code := Main(c.args, &b); code != c.code || !strings.Contains(b.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, b.String())
		}
	}
}

func FuzzReadModinfo(f *testing.F) {
	f.Add(module("depends=a,b", "alias=x*"))
	f.Add(module())
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadModinfo(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, d := range m.Depends {
			if d == "" || strings.ContainsAny(d, ",\x00") {
				t.Errorf("depends on %q", d)
			}
		}
	})
}
