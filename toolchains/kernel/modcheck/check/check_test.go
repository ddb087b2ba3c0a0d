// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// built is a real module, its metadata and the headers it was built with, all
// from the build (see BUILD.bazel).
type built struct {
	module string
	want   Metadata
	expect Expectation
}

// modules finds the modules among the test's data, by architecture.
func modules(t *testing.T) map[string]built {
	t.Helper()
	if os.Getenv("MODULES") == "" {
		t.Skip("MODULES is not set; run with Bazel")
	}
	found := map[string]built{}
	for _, arg := range strings.Fields(os.Getenv("MODULES")) {
		path := runfile(t, arg)
		if !strings.HasSuffix(path, ".json") || strings.HasSuffix(path, "bundle.json") {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var m Metadata
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		found[m.Architecture] = built{
			module: strings.TrimSuffix(path, ".json") + ".ko",
			want:   m,
			expect: Expectation{
				Kernel:      m.Distribution + "/" + m.Architecture + "/" + m.Release,
				Headers:     headersOf(t, m.Release),
				TLS:         "m",
				Modversions: strings.Contains(m.Vermagic, "modversions"),
			},
		}
	}
	if len(found) != 2 {
		t.Fatalf("modules of %d architectures among the data, 2 were expected: %q", len(found), os.Getenv("MODULES"))
	}
	return found
}

func headersOf(t *testing.T, release string) string {
	t.Helper()
	for _, arg := range strings.Fields(os.Getenv("HEADERS")) {
		if strings.Contains(arg, "linux-headers-"+release+"_") {
			return runfile(t, arg)
		}
	}
	t.Fatalf("no headers of %s in %q", release, os.Getenv("HEADERS"))
	return ""
}

// runfile finds a file by its path below the runfiles.
func runfile(t *testing.T, path string) string {
	t.Helper()
	return filepath.Join(os.Getenv("TEST_SRCDIR"), path)
}

func TestRealModulesFit(t *testing.T) {
	for arch, b := range modules(t) {
		got, err := Module(b.module, b.expect)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		if got.SHA256 != b.want.SHA256 || got.Name != "hello" || got.License != "GPL" || got.Imports == 0 || got.TextSize == 0 {
			t.Errorf("%s: %+v", arch, got)
		}
	}
}

func TestWhatTheKernelWouldRefuse(t *testing.T) {
	x86 := modules(t)["x86_64"]
	arm := modules(t)["aarch64"]
	data, err := os.ReadFile(x86.module)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	otherRelease := x86.expect
	otherRelease.Kernel = "debian/x86_64/6.1.0-1-cloud-amd64"
	otherHeaders := x86.expect
	otherHeaders.Headers = arm.expect.Headers
	wrongArch := x86.expect
	wrongArch.Kernel = strings.Replace(x86.expect.Kernel, "x86_64", "aarch64", 1)
	versions := f.Section("__versions")
	if versions == nil {
		t.Fatal("the module has no versions; the test wants a kernel with MODVERSIONS")
	}
	for _, c := range []struct {
		name   string
		data   []byte
		expect Expectation
		want   string
	}{
		{"another release", data, otherRelease, "disagrees about version magic"},
		{"another kernel's symbols", data, otherHeaders, "has the version"},
		{"another machine", data, wrongArch, "it is for EM_X86_64"},
		{"a changed symbol version", flip(data, versions.Offset), x86.expect, "the kernel's is"},
		{"a proprietary licence", replace(t, data, "license=GPL", "license=ABC"), x86.expect, `its licence is "ABC"`},
		{"an unknown symbol", replace(t, data, "\x00_printk\x00", "\x00_qrintk\x00"), x86.expect, "does not export _qrintk"},
		{"a source's path", replace(t, data, "6goodbye, %s\n", " /home/me/x.c"), x86.expect, "holds the path /home/me/x.c"},
		{"half a file", data[:len(data)/2], x86.expect, ""},
		{"not a module", []byte("hello"), x86.expect, "not an ELF object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "hello.ko")
			if err := os.WriteFile(file, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Module(file, c.expect)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	t.Run("no versions where the kernel has them", func(t *testing.T) {
		if strings.Contains(arm.want.Vermagic, "modversions") {
			t.Skip("both kernels have versions")
		}
		e := arm.expect
		e.Modversions = true
		if _, err := Module(arm.module, e); err == nil || !strings.Contains(err.Error(), "CONFIG_MODVERSIONS") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestSymversLines(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"0x1\tf\tvmlinux\tEXPORT_SYMBOL\n", ""},
		{"0x1\tf\tvmlinux\tEXPORT_SYMBOL_GPL\tNS\n\n", ""},
		{"0x1 f vmlinux EXPORT_SYMBOL\n", "line 1 has 1 fields"},
		{"0x1\tf\tvmlinux\tEXPORT_SYMBOL\nzz\tf\tv\tE\n", "line 2: checksum"},
	} {
		_, err := parseSymvers(strings.NewReader(c.text))
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzSymvers(f *testing.F) {
	f.Add([]byte("0x1\tf\tvmlinux\tEXPORT_SYMBOL\n"))
	f.Add([]byte("0x\t\t\t\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		symbols, err := parseSymvers(bytes.NewReader(data))
		if err != nil && symbols != nil && len(symbols) > bytes.Count(data, []byte("\n"))+1 {
			t.Fatalf("%d symbols from %d lines", len(symbols), bytes.Count(data, []byte("\n")))
		}
	})
}

func flip(data []byte, at uint64) []byte {
	out := bytes.Clone(data)
	out[at] ^= 0xff
	return out
}

func replace(t *testing.T, data []byte, old, with string) []byte {
	t.Helper()
	if len(old) != len(with) {
		t.Fatalf("%q and %q differ in length", old, with)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("the module has no %q", old)
	}
	return bytes.ReplaceAll(data, []byte(old), []byte(with))
}
