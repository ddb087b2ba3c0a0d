// SPDX-License-Identifier: Apache-2.0

package lockfile

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func sample() *File {
	p := Package{Name: "make", Version: "4.4.1-2", Arch: "amd64", Suite: "trixie", Archive: "debian", Path: "pool/main/m/make.deb", SHA256: strings.Repeat("a", 64), Size: 3}
	q := p
	q.Name, q.Version = "g++", "4:14.2.0-1"
	return &File{
		Schema:   Schema,
		Archives: map[string]Archive{"debian": {Snapshot: "20261120T000000Z"}},
		Packages: map[string]Package{"make_4.4.1-2_amd64.deb": p, "g++_14.2.0-1_amd64.deb": q},
		Roots:    map[string][]string{"kbuild": {"g++_14.2.0-1_amd64.deb", "make_4.4.1-2_amd64.deb"}},
	}
}

func TestRoundTrip(t *testing.T) {
	p := filepath.Join(t.TempDir(), "lock.json")
	if err := sample().Write(p); err != nil {
		t.Fatal(err)
	}
	got, err := Read(p)
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("%+v %v", got, err)
	}
	a, _ := os.ReadFile(p)
	b, _ := got.Encode()
	if !bytes.Equal(a, b) || !bytes.HasSuffix(a, []byte("}\n")) || !bytes.Contains(a, []byte("\"g++_14.2.0-1_amd64.deb\"")) {
		t.Errorf("the form is not stable:\n%s", a)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p), "*")); len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}
}

// TestWriteAllOrNothing leaves the old lock when the new one is bad.
func TestWriteAllOrNothing(t *testing.T) {
	p := filepath.Join(t.TempDir(), "lock.json")
	if err := sample().Write(p); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(p)
	bad := sample()
	bad.Schema = 9
	if err := bad.Write(p); err == nil {
		t.Error("a bad lock was written")
	}
	if after, _ := os.ReadFile(p); !bytes.Equal(before, after) {
		t.Error("the old lock is damaged")
	}
	if err := sample().Write(filepath.Join(p, "x")); err == nil {
		t.Error("written below a file")
	}
}

func TestParseErrors(t *testing.T) {
	data, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`"schema": 1`, `"schema": 2`},
		{`"schema": 1`, `"schema": 1, "more": 1`},
		{`20261120T000000Z`, `today`},
		{`"debian": {`, `"elsewhere": {`},
		{strings.Repeat("a", 64), "abc"},
		{`"size": 3`, `"size": 0`},
		{`"size": 3`, `"size": "3"`},
		{`"size": 3`, `"size": 3, "snapshot": "today"`},
		{`"pool/main`, `"../main`},
		{`"suite": "trixie"`, `"suite": ""`},
		{`"name": "make"`, `"name": "mk"`},
		{`"4.4.1-2"`, `"4.4.1-3"`},
		{`"make_4.4.1-2_amd64.deb"` + "\n", `"gone_1_amd64.deb"` + "\n"},
		{`"g++_14.2.0-1_amd64.deb",` + "\n      \"make", `"make`},
		{`"kbuild": [`, `"kbuild": ["make_4.4.1-2_amd64.deb",`},
		{"}\n", "} }\n"},
	} {
		text := strings.Replace(string(data), c[0], c[1], 1)
		if text == string(data) {
			t.Fatalf("%q does not occur", c[0])
		}
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q -> %q is accepted", c[0], c[1])
		}
	}
}

func TestDiff(t *testing.T) {
	old, new := sample(), sample()
	if d := Diff(old, new); len(d) != 0 {
		t.Errorf("no difference: %v", d)
	}
	p := new.Packages["make_4.4.1-2_amd64.deb"]
	p.Size = 4
	new.Packages["make_4.4.1-2_amd64.deb"] = p
	new.Roots["kbuild"] = []string{"make_4.4.1-2_amd64.deb", "sed_1_amd64.deb"}
	new.Roots["another"] = []string{"sed_1_amd64.deb"}
	want := []Change{{"another", "+ sed_1_amd64.deb"}, {"kbuild", "- g++_14.2.0-1_amd64.deb"}, {"kbuild", "~ make_4.4.1-2_amd64.deb"}, {"kbuild", "+ sed_1_amd64.deb"}}
	if got := Diff(old, new); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := Diff(nil, sample()); len(got) != 2 {
		t.Errorf("against nothing: %v", got)
	}
}

func FuzzParse(f *testing.F) {
	data, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Parse(data)
		if err != nil {
			return
		}
		for k, p := range x.Packages {
			if !filepath.IsLocal(p.Path) || strings.Contains(k, "/") {
				t.Errorf("let %q through: %+v", k, p)
			}
		}
		if _, err := x.Encode(); err != nil {
			t.Errorf("cannot be written again: %v", err)
		}
	})
}
