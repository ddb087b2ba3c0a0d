// SPDX-License-Identifier: Apache-2.0

package kconfig

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestParseFragment(t *testing.T) {
	got, err := ParseFragment("f", []byte(`# SPDX-License-Identifier: Apache-2.0

# Memory that is used after it
# was freed.
CONFIG_KASAN=y
CONFIG_KASAN_TAGS=4

# Not with it.
# CONFIG_KCSAN is not set
CONFIG_NAME="a b"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{
		{"KASAN", "y", "Memory that is used after it was freed.", "f:5"},
		{"KASAN_TAGS", "4", "Memory that is used after it was freed.", "f:6"},
		{"KCSAN", "n", "Not with it.", "f:9"},
		{"NAME", `"a b"`, "Not with it.", "f:10"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	for text, want := range map[string]string{
		"CONFIG_A=y\n":                             "f:1: CONFIG_A has no reason",
		"# why\n\nCONFIG_A=y\n":                    "f:3: CONFIG_A has no reason",
		"# SPDX-License-Identifier: x\nCONFIG_A=y": "f:2: CONFIG_A has no reason",
		"# why\nCONFIG_A\n":                        "f:2: \"CONFIG_A\" is neither",
		"# why\nCONFIG_A=maybe\n":                  "is neither",
		"A=y\n":                                    "is neither",
	} {
		if _, err := ParseFragment("f", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestMerge(t *testing.T) {
	a := []Setting{{Name: "B", Value: "y", Place: "a:1"}, {Name: "A", Value: "n", Place: "a:2"}}
	same := []Setting{{Name: "B", Value: "y", Place: "b:1"}}
	got, err := Merge(a, same)
	if err != nil || string(Text(got)) != "# CONFIG_A is not set\nCONFIG_B=y\n" {
		t.Errorf("%q, %v", Text(got), err)
	}
	_, err = Merge(a, []Setting{{Name: "A", Value: "y", Place: "b:7"}})
	if err == nil || err.Error() != "b:7 wants CONFIG_A=y, and a:2 wants n" {
		t.Errorf("%v", err)
	}
}

const kconfigText = `# a comment
mainmenu "Kernel"
config KASAN
	bool "KASAN"
	depends on (HAVE_KASAN && CC_HAS && \
		    !SLUB_TINY) || OTHER
	depends on SLUB
	help
	  depends on nothing: this is help.

	  config NOTHING
menu "Debugging"
	depends on DEBUG_KERNEL
if NET && \
	INET
config TLS
	tristate "TLS"
	depends on $(cc-option,-x)
endif
config LEAK
	bool
endmenu
config LEAK
	bool
	depends on ALT
config CHOSEN
	bool
config NR
	int "number"
	depends on MODE != "off" && SIZE = 4
`

func TestExplain(t *testing.T) {
	source := t.TempDir()
	for name, text := range map[string]string{
		"Kconfig": kconfigText, "arch/x86/Kconfig": "config HAVE_KASAN\n\tdef_bool y\n",
		"arch/arm/Kconfig": "config ARM_ONLY\n\tbool\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(source, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	symbols, err := ReadTree(source, "x86")
	if err != nil {
		t.Fatal(err)
	}
	if symbols["NOTHING"] != nil || symbols["ARM_ONLY"] != nil || symbols["HAVE_KASAN"] == nil {
		t.Errorf("the symbols are %v", symbols)
	}
	if err := os.WriteFile(filepath.Join(source, ".config"), []byte("# no\nCONFIG_HAVE_KASAN=y\nCONFIG_NET=m\nCONFIG_SIZE=8\nCONFIG_CHOSEN=y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := ReadConfig(filepath.Join(source, ".config"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := []Setting{
		{Name: "KASAN", Value: "y", Place: "f:1"}, {Name: "TLS", Value: "y", Place: "f:2"}, {Name: "LEAK", Value: "y", Place: "f:3"},
		{Name: "NR", Value: "4", Place: "f:4"}, {Name: "GONE", Value: "y", Place: "f:5"}, {Name: "ABSENT", Value: "n", Place: "f:6"},
		{Name: "NET", Value: "m", Place: "f:7"}, {Name: "CHOSEN", Value: "n", Place: "f:8"},
	}
	want := `  CONFIG_KASAN=y (f:1) became n: it depends on ( HAVE_KASAN && CC_HAS && !SLUB_TINY ) || OTHER (HAVE_KASAN=y, CC_HAS=n, SLUB_TINY=n, OTHER=n), and on SLUB (SLUB=n)
  CONFIG_TLS=y (f:2) became n: it depends on DEBUG_KERNEL (DEBUG_KERNEL=n), and on INET (INET=n)
  CONFIG_LEAK=y (f:3) became n: it depends on DEBUG_KERNEL (DEBUG_KERNEL=n)
  CONFIG_NR=4 (f:4) became n: it depends on SIZE = 4 (SIZE=8)
  CONFIG_GONE=y (f:5) became n: no Kconfig file of this kernel has the symbol
  CONFIG_CHOSEN=n (f:8) became y: another symbol selects it
`
	want = strings.Replace(want, "( HAVE_KASAN && CC_HAS && !SLUB_TINY )", "(HAVE_KASAN && CC_HAS && !SLUB_TINY)", 1)
	if got := Explain(Lost(wanted, c), c, symbols); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestEval(t *testing.T) {
	c := Config{"Y": "y", "M": "m", "S": `"text"`}
	for expression, want := range map[string]int{
		"Y": yes, "M": module, "N": no, "!Y": no, "!M": module, "Y && M": module, "N || M": module, "N || Y && !N": yes,
		"(N || Y) && !(M && N)": yes, `S = "text"`: yes, "S != text": yes, "M = m": yes, "M=y": no, "$(shell,x) && Y": yes,
		"N = n": yes, "": yes, "%": yes, "GCC_VERSION >= 90000": yes,
	} {
		if got := eval(expression, c); got != want {
			t.Errorf("%q is %d, want %d", expression, got, want)
		}
	}
}

func FuzzParseFragment(f *testing.F) {
	f.Add("# why\nCONFIG_A=y\n# CONFIG_B is not set\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseFragment("f", []byte(text))
		if err != nil {
			return
		}
		for _, s := range all {
			if s.Name == "" || s.Value == "" || s.Reason == "" {
				t.Errorf("let %+v through", s)
			}
		}
	})
}

func FuzzTree(f *testing.F) {
	f.Add(kconfigText, "A && (B || !C)")
	f.Fuzz(func(t *testing.T, text, expression string) {
		symbols := map[string]*Symbol{}
		parse(text, symbols)
		c := Config{"A": "y"}
		eval(expression, c)
		for name := range symbols {
			Explain([]Setting{{Name: name, Value: "y"}}, c, symbols)
		}
	})
}
