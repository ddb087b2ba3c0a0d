// SPDX-License-Identifier: Apache-2.0

package resolve_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/tools/deb-lock/check"
	"github.com/tidelock/tidelock/tools/deb-lock/resolve"
	"github.com/tidelock/tidelock/tools/deb-lock/roots"
)

const rootsText = `{
  "suites": {"bookworm": "GCC 12", "trixie": "the rest"},
  "exclude": {"debconf": "for installation"},
  "roots": {
    "gcc": {"why": "w", "suites": ["bookworm", "trixie"], "packages": ["gcc-12"], "exclude": {"libgomp1": "x"}, "pin": {"libc6": "trixie"}},
    "tools": {"why": "w", "suites": ["trixie"], "packages": ["make"]},
    "sysroot": {"why": "w", "arch": "arm64", "suites": ["trixie"], "packages": ["libc6"]}
  }
}`

func add(s *debtest.Suite, name, version, arch, depends string) {
	entry := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\n", name, version, arch)
	if depends != "" {
		entry += "Depends: " + depends + "\n"
	}
	s.Add(arch, entry, "pool/"+name+"_"+version+"_"+arch+".deb", []byte(name+version+arch))
}

func archive(t *testing.T) *debtest.Archive {
	a := debtest.NewArchive(t)
	b, x := a.Suite("bookworm"), a.Suite("trixie")
	b.Date = time.Date(2026, 7, 11, 10, 16, 0, 0, time.UTC)
	x.Date = time.Date(2026, 9, 12, 7, 55, 0, 0, time.UTC)
	add(b, "gcc-12", "12.2.0-14", "amd64", "libc6 (>= 2.36), libgomp1, libgmp10")
	add(b, "libc6", "2.36-9", "amd64", "debconf")
	add(b, "libgmp10", "2:6.2.1-1", "amd64", "libc6")
	add(x, "libc6", "2.41-12", "amd64", "debconf")
	add(x, "libc6", "2.41-12", "arm64", "debconf")
	add(x, "make", "4.4.1-2", "amd64", "libc6 (>= 2.38)")
	return a
}

func run(t *testing.T, a *debtest.Archive, text string, old ...*lockfile.File) (*lockfile.File, *roots.File, error) {
	t.Helper()
	f, err := roots.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	a.Publish()
	fetcher, err := fetch.New(fetch.Options{Sources: a.Sources(), CacheDir: t.TempDir(), Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := index.LoadKeyring(a.Keyring())
	if err != nil {
		t.Fatal(err)
	}
	old = append(old, nil)
	l, err := resolve.Resolve(t.Context(), &index.Client{Fetcher: fetcher, Keyring: keys}, f, old[0], io.Discard)
	return l, f, err
}

func TestResolve(t *testing.T) {
	a := archive(t)
	l, f, err := run(t, a, rootsText)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string][]string{
		"gcc":     {"gcc-12_12.2.0-14_amd64.deb", "libc6_2.41-12_amd64.deb", "libgmp10_6.2.1-1_amd64.deb"},
		"tools":   {"libc6_2.41-12_amd64.deb", "make_4.4.1-2_amd64.deb"},
		"sysroot": {"libc6_2.41-12_arm64.deb"},
	}; !reflect.DeepEqual(l.Roots, want) {
		t.Errorf("roots: %v", l.Roots)
	}
	if want := map[string]lockfile.Archive{"debian": {Snapshot: "20260913T000000Z"}}; !reflect.DeepEqual(l.Archives, want) {
		t.Errorf("archives: %v", l.Archives)
	}
	if p := l.Packages["libc6_2.41-12_amd64.deb"]; p.Suite != "trixie" || p.Archive != "debian" || p.Path != "pool/libc6_2.41-12_amd64.deb" || p.Size != int64(len("libc62.41-12amd64")) {
		t.Errorf("%+v", p)
	}
	if err := check.Fits(f, l); err != nil {
		t.Error(err)
	}
	// The same indexes give the same bytes.
	again, _, err := run(t, a, rootsText)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := l.Encode()
	y, _ := again.Encode()
	if !bytes.Equal(x, y) {
		t.Error("two runs differ")
	}
}

// A newer index without a newer package changes nothing; with one the time moves.
func TestResolveTimeAlone(t *testing.T) {
	before, _, err := run(t, archive(t), rootsText)
	if err != nil {
		t.Fatal(err)
	}
	a := archive(t)
	a.Suite("trixie").Date = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	same, _, err := run(t, a, rootsText, before)
	if err != nil || !reflect.DeepEqual(same, before) {
		t.Errorf("got %+v, %v; want %+v", same, err, before)
	}
	add(a.Suite("trixie"), "make", "4.4.1-3", "amd64", "libc6")
	after, _, err := run(t, a, rootsText, before)
	if err != nil || after.Archives["debian"].Snapshot != "20261003T000000Z" {
		t.Errorf("with a new package the archives are %v, %v", after.Archives, err)
	}
}

func TestResolveErrors(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`["make"]`, `["cmake"]`, "root tools: no package cmake in trixie"},
		{`"libgomp1": "x"`, `"libgomp1": "x", "libnone": "x"`, "root gcc: nothing in it depends on libnone"},
		{`, "exclude": {"libgomp1": "x"}`, ``, "gcc-12 needs libgomp1"},
		{`"debconf": "for installation"`, `"debconf": "x", "unused": "x"`, "nothing in any root depends on unused"},
		{`"trixie": "the rest"`, `"trixie": "the rest", "sid": "x"`, ""},
	} {
		_, _, err := run(t, archive(t), strings.Replace(rootsText, c.from, c.to, 1))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.to, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.to, err, c.want)
		}
	}
	a := archive(t)
	a.Drop("bookworm")
	if _, _, err := run(t, a, rootsText); err == nil || !strings.Contains(err.Error(), "root gcc: suite bookworm") {
		t.Errorf("%v", err)
	}
}

// TestSuiteThatLeftTheMirrors keeps the roots that need it, and says where
// their files are still to be had.
func TestSuiteThatLeftTheMirrors(t *testing.T) {
	a := archive(t)
	before, _, err := run(t, a, rootsText)
	if err != nil {
		t.Fatal(err)
	}
	a.Drop("bookworm")
	x := a.Suite("trixie")
	x.Date = x.Date.AddDate(0, 2, 0)
	add(x, "make", "4.4.1-3", "amd64", "libc6")
	add(x, "libc6", "2.41-13", "amd64", "debconf")
	after, f, err := run(t, a, rootsText, before)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(after.Roots["gcc"], before.Roots["gcc"]) {
		t.Errorf("gcc: %q", after.Roots["gcc"])
	}
	if !reflect.DeepEqual(after.Roots["tools"], []string{"libc6_2.41-13_amd64.deb", "make_4.4.1-3_amd64.deb"}) {
		t.Errorf("tools: %q", after.Roots["tools"])
	}
	for k, want := range map[string]string{"gcc-12_12.2.0-14_amd64.deb": "20260913T000000Z", "libc6_2.41-12_amd64.deb": "20260913T000000Z", "make_4.4.1-3_amd64.deb": ""} {
		if got := after.Packages[k].Snapshot; got != want {
			t.Errorf("%s: snapshot %q, want %q", k, got, want)
		}
	}
	if s := after.Archives["debian"].Snapshot; s != "20261113T000000Z" {
		t.Errorf("the archive's snapshot is %s", s)
	}
	if err := check.Fits(f, after); err != nil {
		t.Error(err)
	}
	again, _, err := run(t, a, rootsText, after)
	if err != nil || !reflect.DeepEqual(again, after) {
		t.Errorf("another update changes it: %v", err)
	}
}

func TestFits(t *testing.T) {
	for name, change := range map[string]func(*roots.File, *lockfile.File){
		"root missing in the lock": func(f *roots.File, l *lockfile.File) { delete(l.Roots, "gcc") },
		"root only in the lock":    func(f *roots.File, l *lockfile.File) { delete(f.Roots, "gcc") },
		"wanted package missing":   func(f *roots.File, l *lockfile.File) { l.Roots["tools"] = l.Roots["tools"][:1] },
		"excluded package there": func(f *roots.File, l *lockfile.File) {
			f.Exclude["make"] = "x"
			f.Roots["tools"].Packages = []string{"libc6"}
		},
		"wrong architecture": func(f *roots.File, l *lockfile.File) { f.Roots["sysroot"].Arch = "amd64" },
		"unknown suite":      func(f *roots.File, l *lockfile.File) { delete(f.Suites, "bookworm") },
		"two versions": func(f *roots.File, l *lockfile.File) {
			p := l.Packages["make_4.4.1-2_amd64.deb"]
			p.Version = "5"
			l.Packages["make_5_amd64.deb"] = p
			l.Roots["tools"] = append(l.Roots["tools"], "make_5_amd64.deb")
		},
	} {
		l, f, err := run(t, archive(t), rootsText)
		if err != nil {
			t.Fatal(err)
		}
		change(f, l)
		if err := check.Fits(f, l); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
