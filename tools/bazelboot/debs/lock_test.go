// SPDX-License-Identifier: Apache-2.0

package debs

import (
	"os"
	"strings"
	"testing"
)

const committed = "../packages.lock.json"

func TestCommittedLock(t *testing.T) {
	text, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ParseLock(text)
	if err != nil {
		t.Fatal(err)
	}
	if string(l.Format()) != string(text) {
		t.Error("the committed lock is not written as --write-lock would write it")
	}
	if !l.Serves("amd64") || l.Serves("arm64") {
		t.Errorf("serves amd64: %v, arm64: %v; want true, false", l.Serves("amd64"), l.Serves("arm64"))
	}
	if v := l.Version("bazel-bootstrap"); !strings.HasPrefix(v, "7.") {
		t.Errorf("bazel-bootstrap is %q", v)
	}
	if len(l.Snapshots()["debian"]) != len("20261120T000000Z") {
		t.Errorf("snapshots are %v", l.Snapshots())
	}
	for _, p := range l.Of(RootBazel) {
		if !kept.MatchString(p.Name) {
			t.Errorf("%s is locked, but would not be kept by --resolve=newest", p.Name)
		}
	}
	if ps := l.Of(RootPatchelf); len(ps) != 1 || ps[0].Name != "patchelf" {
		t.Errorf("the root patchelf is %v", ps)
	}
}

const small = `{"schema": 1, "archives": {"debian": {"snapshot": "20261120T000000Z"}},
 "packages": {
  "a_1_amd64.deb": {"name": "a", "version": "1", "arch": "amd64", "suite": "sid", "archive": "debian", "path": "pool/a_1_amd64.deb", "sha256": "00", "size": 7},
  "patchelf_2_amd64.deb": {"name": "patchelf", "version": "1:2", "arch": "amd64", "suite": "sid", "archive": "debian", "path": "pool/patchelf_2_amd64.deb", "sha256": "00", "size": 7}},
 "roots": {"bazel": ["a_1_amd64.deb"], "patchelf": ["patchelf_2_amd64.deb"]}}`

func TestParseLock(t *testing.T) {
	if _, err := ParseLock([]byte(small)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"schema": 1`, `"schema": 2`, "schema 2"},
		{`"schema": 1`, `"schema": "1"`, "not a package lock"},
		{`"roots"`, `"root"`, "unknown field"},
		{`"bazel": ["a_1_amd64.deb"]`, `"bazel": []`, `root "bazel" has no packages`},
		{`"bazel": ["a_1_amd64.deb"]`, `"bazel": ["b"]`, "not among the packages"},
		{`pool/a_1_amd64.deb`, `pool/a_2_amd64.deb`, "ends in another name"},
		{`"size": 7}}`, `"size": 0}}`, "size 0"},
		{`"name": "a"`, `"name": ""`, "missing"},
		{`"archive": "debian", "path": "pool/a`, `"archive": "x", "path": "pool/a`, `unknown archive "x"`},
	} {
		text := strings.ReplaceAll(small, c.from, c.to)
		if text == small {
			t.Fatalf("%q is not in the sample", c.from)
		}
		_, err := ParseLock([]byte(text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %s: error %v, want one with %q", c.to, err, c.want)
		}
	}
}

func TestAptName(t *testing.T) {
	l, err := ParseLock([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Of(RootPatchelf)[0].AptName(); got != "patchelf_1%3a2_amd64.deb" {
		t.Errorf("got %s", got)
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"schema": 1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLock(text)
		if err != nil {
			return
		}
		again, err := ParseLock(l.Format())
		if err != nil {
			t.Fatalf("what was read can't be read again: %v", err)
		}
		if string(again.Format()) != string(l.Format()) {
			t.Fatal("reading and writing changes the lock")
		}
	})
}
