// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseKconfig(t *testing.T) {
	c, err := parseKconfig([]byte(`#
# Automatically generated file; DO NOT EDIT.
#
CONFIG_CC_VERSION_TEXT="gcc (\"Q\\ubes\") 12.2.0"
CONFIG_GCC_VERSION=120200
CONFIG_TLS=m
# CONFIG_SMC is not set
CONFIG_LOCALVERSION=""
CONFIG_HEX=0xff000000

`))
	if err != nil {
		t.Fatal(err)
	}
	want := kconfig{
		"CC_VERSION_TEXT": `gcc ("Q\ubes") 12.2.0`, "GCC_VERSION": "120200", "TLS": "m", "LOCALVERSION": "", "HEX": "0xff000000",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %q\nwant %q", c, want)
	}
	for input, want := range map[string]string{
		"":                          "sets nothing",
		"# nothing":                 "sets nothing",
		"\nTLS=y":                   `line 2 of the kernel configuration is "TLS=y"`,
		"CONFIG_TLS":                "line 1",
		"CONFIG_=y":                 "line 1",
		`CONFIG_X="half`:            "no end",
		`CONFIG_X="`:                "no end",
		"\x7fELF\x02\x01\x01\x00=n": "line 1",
	} {
		if _, err := parseKconfig([]byte(input)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseKconfig(%q): %v; want something with %q", input, err, want)
		}
	}
}

func TestFacts(t *testing.T) {
	if !slices.IsSortedFunc(Facts, func(a, b Fact) int {
		// Page sizes stand together, in their natural order.
		return strings.Compare(strings.ReplaceAll(a.Name, "_64K", "_17K"), strings.ReplaceAll(b.Name, "_64K", "_17K"))
	}) {
		t.Error("Facts are not sorted")
	}
	for _, f := range Facts {
		if f.Why == "" {
			t.Errorf("%s: nobody says why it is recorded", f.Name)
		}
	}
	got := kconfig{"TLS": "m", "RETPOLINE": "y", "STACK_VALIDATION": "y", "FRAME_WARN": "2048", "ARM64_BTI_KERNEL": "y"}.facts("x86_64")
	for name, want := range map[string]string{
		"TLS": "m", "MITIGATION_RETPOLINE": "y", "OBJTOOL": "y", "FRAME_WARN": "2048",
		"SMC": "n", "LOCALVERSION": "", "MITIGATION_SLS": "n",
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %q, %v; want %q", name, value, ok, want)
		}
	}
	for _, absent := range []string{"ARM64_BTI_KERNEL", "RETPOLINE", "STACK_VALIDATION"} {
		if _, ok := got[absent]; ok {
			t.Errorf("%s is recorded for x86_64", absent)
		}
	}
}

func TestCompiler(t *testing.T) {
	for _, c := range []struct {
		config   kconfig
		fallback string
		want     Compiler
	}{
		{kconfig{"CC_VERSION_TEXT": "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", "GCC_VERSION": "120200"}, "",
			Compiler{"gcc", 12, "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"}},
		{kconfig{"CC_VERSION_TEXT": "gcc10-cc (GCC) 10.5.0 20230707 (Red Hat 10.5.0-1)"}, "",
			Compiler{"gcc", 10, "gcc10-cc (GCC) 10.5.0 20230707 (Red Hat 10.5.0-1)"}},
		{kconfig{"CC_VERSION_TEXT": "x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0", "GCC_VERSION": "140200", "CLANG_VERSION": "0"}, "ignored",
			Compiler{"gcc", 14, "x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0"}},
		{kconfig{"CC_VERSION_TEXT": "Ubuntu clang version 14.0.0-1ubuntu1", "GCC_VERSION": "0", "CLANG_VERSION": "140000"}, "",
			Compiler{"clang", 14, "Ubuntu clang version 14.0.0-1ubuntu1"}},
		{kconfig{"X": "y"}, "gcc version 7.3.1 20180712 (Red Hat 7.3.1-17) (GCC)  ", Compiler{}},
		{kconfig{"X": "y"}, "gcc (Ubuntu 7.5.0-3ubuntu1~18.04) 7.5.0", Compiler{"gcc", 7, "gcc (Ubuntu 7.5.0-3ubuntu1~18.04) 7.5.0"}},
		{kconfig{"X": "y"}, "", Compiler{}},
	} {
		got, err := c.config.compiler(c.fallback)
		if got != c.want || (err == nil) != (c.want.Major != 0) {
			t.Errorf("%q, %q: got %+v, %v; want %+v", c.config, c.fallback, got, err, c.want)
		}
	}
}

func FuzzParseKconfig(f *testing.F) {
	f.Add([]byte("CONFIG_CC_VERSION_TEXT=\"gcc (x) 12.2.0\"\nCONFIG_TLS=m\n# CONFIG_SMC is not set\n"))
	f.Add([]byte(`CONFIG_X="a\\\"b"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseKconfig(data)
		if err != nil {
			return
		}
		for name := range c {
			if name == "" || strings.ContainsAny(name, "=\n") {
				t.Fatalf("a symbol is called %q", name)
			}
		}
		for _, arch := range []string{"x86_64", "aarch64"} {
			if n := len(c.facts(arch)); n == 0 {
				t.Fatal("no facts")
			}
		}
		if cc, err := c.compiler(""); err == nil && cc.Major <= 0 {
			t.Fatalf("a compiler without version: %+v", cc)
		}
	})
}
