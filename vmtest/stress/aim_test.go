// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAround(t *testing.T) {
	for _, c := range []struct {
		sections []uint64
		size     uint64
		want     span
	}{
		{[]uint64{0xffffffffc0400000}, 0x5000, span{0xffffffffc0300000, 0xffffffffc0505000}},
		{[]uint64{0xffffffffc0400000, 0xffffffffc0410000}, 0x5000, span{0xffffffffc0300000, 0xffffffffc0515000}},
		{[]uint64{0x1000}, 0x1000, span{0, 0x102000}},
		{[]uint64{^uint64(0) - 0xfff}, 0x5000, span{^uint64(0) - 0x100fff, ^uint64(0)}},
	} {
		if got := around(c.sections, c.size); got != c.want {
			t.Errorf("%#x: %#x, want %#x", c.sections, got, c.want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	if at, err := parseAddress("0xffffffffc0400000\n"); err != nil || at != 0xffffffffc0400000 {
		t.Errorf("%#x, %v", at, err)
	}
	for text, why := range map[string]string{
		"0x0000000000000000\n":     "kptr_restrict",
		"":                         "not an address",
		"0xfffffffffffffffff":      "not an address",
		"(null)":                   "not an address",
		"0xffffffffc0400000 other": "not an address",
	} {
		if at, err := parseAddress(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %#x, %v; want %q", text, at, err, why)
		}
	}
}

// folder makes a folder with files: path to content.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func content(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestTextOf(t *testing.T) {
	root := folder(t, map[string]string{
		"m/sections/.text":      "0xffffffffc0400000\n",
		"m/sections/.init.text": "0xffffffffc0410000\n",
		"m/coresize":            "20480\n",
		"hidden/sections/.text": "0x0000000000000000\n",
		"hidden/coresize":       "20480\n",
		"odd/sections/.text":    "0xffffffffc0400000\n",
		"odd/coresize":          "many\n",
	})
	s, loaded, err := textOf(root, "m")
	if want := (span{0xffffffffc0300000, 0xffffffffc0515000}); err != nil || !loaded || s != want {
		t.Errorf("%#x, %v, %v; want %#x", s, loaded, err, want)
	}
	if _, loaded, err := textOf(root, "absent"); loaded || err != nil {
		t.Errorf("absent: %v, %v", loaded, err)
	}
	for _, name := range []string{"hidden", "odd"} {
		if _, loaded, err := textOf(root, name); loaded || err == nil || !strings.Contains(err.Error(), root) {
			t.Errorf("%s: %v, %v", name, loaded, err)
		}
	}
}
