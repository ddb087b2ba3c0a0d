// SPDX-License-Identifier: Apache-2.0

package roots

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const good = `{
  "suites": {"bookworm": "GCC 12", "trixie": "the rest"},
  "exclude": {"debconf": "for installation"},
  "roots": {
    "gcc-12-x86_64": {
      "why": "a compiler", "suites": ["bookworm", "trixie"], "packages": ["gcc-12"],
      "exclude": {"libgomp1": "not used"}, "pin": {"libc6": "trixie"}
    },
    "sysroot": {"why": "headers", "arch": "arm64", "suites": ["trixie"], "packages": ["libc6-dev", "debconf"]}
  }
}`

func TestParse(t *testing.T) {
	f, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Names(); !reflect.DeepEqual(got, []string{"gcc-12-x86_64", "sysroot"}) {
		t.Errorf("names: %q", got)
	}
	gcc := f.Roots["gcc-12-x86_64"]
	if gcc.Arch != "amd64" || f.Roots["sysroot"].Arch != "arm64" || gcc.Pin["libc6"] != "trixie" {
		t.Errorf("%+v", gcc)
	}
	if got := f.Excluded(gcc); !reflect.DeepEqual(got, []string{"debconf", "libgomp1"}) {
		t.Errorf("excluded: %q", got)
	}
	if got := f.Excluded(f.Roots["sysroot"]); len(got) != 0 {
		t.Errorf("a wanted package is excluded: %q", got)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{good, "", "it ends in the middle"},
		{good, good[:len(good)/2], "line "},
		{good, good + "x", "closing brace"},
		{`"why": "a compiler", `, ``, `root "gcc-12-x86_64": "why" is missing`},
		{`"pin"`, `"pins"`, "pins"},
		{`"arch": "arm64"`, `"arch": "mips"`, `arch "mips"`},
		{`"arch": "arm64"`, `"arch": 1`, "line 9"},
		{`["bookworm", "trixie"]`, `["sid"]`, `suite "sid"`},
		{`["bookworm", "trixie"]`, `[]`, `"suites" is empty`},
		{`["gcc-12"]`, `[]`, `"packages" is empty`},
		{`["gcc-12"]`, `["GCC 12"]`, "no package name"},
		{`["gcc-12"]`, `["libgomp1"]`, "both wanted and excluded"},
		{`"libc6": "trixie"`, `"libc6": "sid"`, "pin of libc6"},
		{`"libgomp1": "not used"`, `"libgomp1": ""`, "no reason"},
		{`"bookworm": "GCC 12"`, `"bookworm": ""`, "purpose"},
		{`"sysroot": {`, `"../x": {`, "its name"},
		{`"debconf": "for installation"`, `"deb conf": "x"`, "no package name"},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s -> %s: %v, want %q", c.from, c.to, err, c.want)
		}
	}
	if _, err := Parse([]byte(`{"roots": {"x": null}}`)); err == nil {
		t.Error("a root that is null is accepted")
	}
}

func TestRead(t *testing.T) {
	p := filepath.Join(t.TempDir(), "roots.json")
	if _, err := Read(p); err == nil {
		t.Error("a file that is not there is read")
	}
	if err := os.WriteFile(p, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(p); err == nil || !strings.Contains(err.Error(), p) {
		t.Errorf("%v does not name the file", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Parse(data)
		if err != nil {
			return
		}
		for _, n := range x.Names() {
			if strings.ContainsAny(n, "/ \n") || len(x.Roots[n].Packages) == 0 {
				t.Errorf("let %q through: %+v", n, x.Roots[n])
			}
			x.Excluded(x.Roots[n])
		}
	})
}
