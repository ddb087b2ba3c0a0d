// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/rpmpack"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

// header describes the header package of a kernel.
type header struct {
	folder  string // below usr/src
	release string
	config  string
	more    map[string]string
}

const (
	configX86 = "CONFIG_X86_64=y\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0\"\nCONFIG_GCC_VERSION=120200\nCONFIG_TLS=m\nCONFIG_MODVERSIONS=y\n"
	configArm = "CONFIG_ARM64=y\nCONFIG_CC_VERSION_TEXT=\"gcc (GCC) 11.4.1 20230605 (Red Hat 11.4.1-2)\"\nCONFIG_GCC_VERSION=110401\nCONFIG_TLS=m\nCONFIG_ARM64_64K_PAGES=y\n"
)

// files returns the contents of the package by path.
func (h header) files() map[string]string {
	base := "usr/src/" + h.folder + "/"
	files := map[string]string{
		base + "Makefile":              "include ../common/Makefile\n",
		base + "include/linux/tls.h":   "struct tls;\n",
		base + "scripts/kconfig/.keep": "",
	}
	if h.config != "" {
		files[base+fileConfig] = h.config
	}
	if h.release != "" {
		files[base+fileUTSRelease] = "#define UTS_RELEASE \"" + h.release + "\"\n"
	}
	for name, text := range h.more {
		files[base+name] = text
	}
	return files
}

func (h header) deb(t testing.TB, compression string) []byte {
	t.Helper()
	var files []debtest.File
	for name, text := range h.files() {
		files = append(files, debtest.Text("./"+name, text))
	}
	return debtest.DebOf(t, "Package: linux-headers-test\nVersion: 1\nArchitecture: amd64\n", compression, files)
}

func (h header) rpm(t testing.TB, compressor string) []byte {
	t.Helper()
	r, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: "kernel-devel", Version: "6.1.12", Release: "17.42.amzn2023", Arch: "x86_64", Compressor: compressor})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range h.files() {
		r.AddFile(rpmpack.RPMFile{Name: "/" + name, Body: []byte(text), Mode: 0o100644, Owner: "root", Group: "root"})
	}
	var buf bytes.Buffer
	if err := r.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestInspectFormats(t *testing.T) {
	debian := header{folder: "linux-headers-6.1.0-56-amd64", release: "6.1.0-56-amd64", config: configX86}
	fedora := header{folder: "kernels/6.1.12-17.42.amzn2023.aarch64", release: "6.1.12-17.42.amzn2023.aarch64", config: configArm}
	for name, data := range map[string][]byte{
		"plain.deb": debian.deb(t, ""), "gz.deb": debian.deb(t, ".gz"), "xz.deb": debian.deb(t, ".xz"), "zst.deb": debian.deb(t, ".zst"),
	} {
		got, err := Inspect(write(t, name, data), FormatOf(name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Release != "6.1.0-56-amd64" || got.Arch != "x86_64" || got.Compiler.Major != 12 || got.Config["TLS"] != "m" || got.Config["MPTCP"] != "n" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	for _, compressor := range []string{"gzip", "xz", "zstd"} {
		got, err := Inspect(write(t, "kernel-devel.rpm", fedora.rpm(t, compressor)), FormatRPM)
		if err != nil {
			t.Errorf("%s: %v", compressor, err)
			continue
		}
		if got.Release != "6.1.12-17.42.amzn2023.aarch64" || got.Arch != "aarch64" || got.Compiler.Major != 11 || got.Config["ARM64_64K_PAGES"] != "y" {
			t.Errorf("%s: got %+v", compressor, got)
		}
	}
}

func TestInspectContents(t *testing.T) {
	const folder = "linux-headers-5.10.0-30-amd64"
	for _, c := range []struct {
		name    string
		pkg     header
		release string // "" for an error
		want    string
	}{
		{"the release is not what kernel.release says", header{folder, "5.10.0-30-amd64", configX86, map[string]string{fileRelease: "5.10.218\n"}}, "5.10.0-30-amd64", ""},
		{"only kernel.release", header{folder, "", configX86, map[string]string{fileRelease: "5.10.0-30-amd64\n"}}, "5.10.0-30-amd64", ""},
		{"only auto.conf", header{folder, "5.10.0-30-amd64", "", map[string]string{fileAutoConf: configX86}}, "5.10.0-30-amd64", ""},
		{"the compiler stands in compile.h", header{folder, "4.4.0-1", "CONFIG_X86_64=y\n",
			map[string]string{fileCompile: "#define LINUX_COMPILER \"gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld 2.40\"\n"}}, "4.4.0-1", ""},
		{"no configuration", header{folder, "5.10.0-30-amd64", "", nil}, "", "not the header package of a flavour"},
		{"no release", header{folder, "", configX86, nil}, "", "tells the kernel's release"},
		{"a release that is a path", header{folder, "../../x", configX86, nil}, "", "tells the kernel's release"},
		{"another architecture", header{folder, "5.10.0-30-686", "CONFIG_X86_32=y\nCONFIG_CC_VERSION_TEXT=\"gcc (x) 10.2.1\"\n", nil}, "", "neither for x86_64 nor for aarch64"},
		{"no compiler", header{folder, "5.10.0-30-amd64", "CONFIG_X86_64=y\n", nil}, "", "which compiler"},
		{"two kernels", header{folder, "5.10.0-30-amd64", configX86, map[string]string{"../other/.config": configX86}}, "", "two kernels"},
		{"a configuration that is none", header{folder, "5.10.0-30-amd64", "hello", nil}, "", "line 1 of the kernel configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if extra, ok := c.pkg.more["../other/.config"]; ok {
				// A second kernel cannot be written with a path that leads up.
				c.pkg.more = nil
				files := []debtest.File{debtest.Text("./usr/src/other/.config", extra)}
				for name, text := range c.pkg.files() {
					files = append(files, debtest.Text("./"+name, text))
				}
				_, err := Inspect(write(t, "two.deb", debtest.DebOf(t, "Package: x\n", "", files)), FormatDeb)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v; want something with %q", err, c.want)
				}
				return
			}
			got, err := Inspect(write(t, "h.deb", c.pkg.deb(t, ".xz")), FormatDeb)
			if c.release == "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %+v, %v; want an error with %q", got, err, c.want)
				}
				return
			}
			if err != nil || got.Release != c.release || got.Compiler.Major != 12 {
				t.Errorf("got %+v, %v; want %s and compiler 12", got, err, c.release)
			}
		})
	}
}

func TestInspectDamaged(t *testing.T) {
	pkg := header{folder: "kernels/6.1.12", release: "6.1.12", config: configX86}
	rpm, deb := pkg.rpm(t, "xz"), pkg.deb(t, ".xz")
	for name, data := range map[string][]byte{
		"cut.rpm": rpm[:len(rpm)-40], "head.rpm": rpm[:50], "empty.rpm": {}, "deb.rpm": deb,
		"cut.deb": deb[:len(deb)-40], "empty.deb": {}, "rpm.deb": rpm,
	} {
		if got, err := Inspect(write(t, name, data), FormatOf(name)); err == nil {
			t.Errorf("%s: got %+v; want an error", name, got)
		}
	}
	if _, err := Inspect("x.tar", FormatOf("x.tar")); err == nil {
		t.Error("a package of an unknown format was read")
	}
}
