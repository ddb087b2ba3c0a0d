// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

const entry = "Package: make\nVersion: 4.4.1-2\nArchitecture: amd64\nSource: make-dfsg (4.4.1-2)\nDepends: libc6 (>= 2.38)\nProvides: gmake\nX-Other: no\n more\n"

// archive makes an archive with one suite of one package and a client for it.
func archive(t *testing.T) (*debtest.Archive, *index.Client) {
	t.Helper()
	a := debtest.NewArchive(t)
	s := a.Suite("trixie")
	s.Add("amd64", entry, "pool/main/m/make-dfsg/make_4.4.1-2_amd64.deb", []byte("the package"))
	return a, client(t, a)
}

func client(t *testing.T, a *debtest.Archive) *index.Client {
	t.Helper()
	a.Publish()
	f, err := fetch.New(fetch.Options{Sources: a.Sources(), CacheDir: t.TempDir(), Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	k, err := index.LoadKeyring(a.Keyring())
	if err != nil {
		t.Fatal(err)
	}
	return &index.Client{Fetcher: f, Keyring: k}
}

func TestLoadAndRead(t *testing.T) {
	for _, byHash := range []bool{true, false} {
		a, _ := archive(t)
		a.Suite("trixie").ByHash = byHash
		c := client(t, a)
		s, err := c.Load(t.Context(), "trixie")
		if err != nil {
			t.Fatal(err)
		}
		if s.Signer != a.Fingerprint() || s.Archive != mirror.Debian || s.Release.Codename != "trixie" {
			t.Errorf("signer %s, archive %s, codename %s", s.Signer, s.Archive, s.Release.Codename)
		}
		var got []*index.Package
		if err := s.Packages(t.Context(), "amd64", func(p *index.Package) error { got = append(got, p); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 {
			t.Fatalf("%d packages", len(got))
		}
		p := got[0]
		if p.Name != "make" || p.Version != "4.4.1-2" || p.Arch != "amd64" || p.Source != "make-dfsg" || p.Depends != "libc6 (>= 2.38)" ||
			p.Provides != "gmake" || p.Suite != "trixie" || p.Archive != mirror.Debian || p.Size != int64(len("the package")) {
			t.Errorf("%+v", p)
		}
		path, err := c.Fetcher.Get(t.Context(), fetch.File{Archive: p.Archive, Path: p.Path, SHA256: p.SHA256, Size: p.Size})
		if err != nil {
			t.Fatal(err)
		}
		if data, _ := os.ReadFile(path); string(data) != "the package" {
			t.Errorf("the file holds %q", data)
		}
		if err := s.Packages(t.Context(), "riscv64", nil); err == nil || !strings.Contains(err.Error(), "riscv64") {
			t.Errorf("another architecture: %v", err)
		}
	}
}

func TestSuiteThatIsGone(t *testing.T) {
	_, c := archive(t)
	var gone *index.GoneError
	if _, err := c.Load(t.Context(), "bullseye-backports"); !errors.As(err, &gone) {
		t.Errorf("%v", err)
	}
}

func TestSignatureMustHold(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"text changed": func(b []byte) []byte {
			return bytes.Replace(b, []byte("Codename: trixie"), []byte("Codename: Trixie"), 1)
		},
		"not signed":           func(b []byte) []byte { return []byte("Codename: trixie\n") },
		"text before":          func(b []byte) []byte { return append([]byte("Suite: x\n"), b...) },
		"text after":           func(b []byte) []byte { return append(bytes.Clone(b), "\nSuite: x\n"...) },
		"signature cut":        func(b []byte) []byte { return b[:len(b)-200] },
		"signature left out":   func(b []byte) []byte { return b[:bytes.Index(b, []byte("-----BEGIN PGP SIGNATURE"))] },
		"empty":                func(b []byte) []byte { return nil },
		"signature from other": func(b []byte) []byte { return debtest.NewArchive(t).Sign([]byte("Codename: trixie\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			a, c := archive(t)
			a.Edit("debian/dists/trixie/InRelease", change)
			if _, err := c.Load(t.Context(), "trixie"); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSeveralSignatures(t *testing.T) {
	a, c := archive(t)
	other := debtest.NewArchive(t)
	text := func(in []byte) []byte {
		out, _, err := c.Keyring.Verify(in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	a.Edit("debian/dists/trixie/InRelease", func(b []byte) []byte { return debtest.SignAll(t, text(b), other, a) })
	s, err := c.Load(t.Context(), "trixie")
	if err != nil || s.Signer != a.Fingerprint() {
		t.Errorf("one known key of two: %v", err)
	}
}

func TestExpiredHead(t *testing.T) {
	a, _ := archive(t)
	a.Suite("trixie").ValidUntil = time.Now().Add(-time.Hour)
	c := client(t, a)
	var expired *index.ExpiredError
	if _, err := c.Load(t.Context(), "trixie"); !errors.As(err, &expired) {
		t.Errorf("%v", err)
	}
	c.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	if _, err := c.Load(t.Context(), "trixie"); err != nil {
		t.Error(err)
	}
}

func TestAnotherSuitesHead(t *testing.T) {
	a, _ := archive(t)
	a.Suite("bookworm").Codename = "trixie"
	c := client(t, a)
	if _, err := c.Load(t.Context(), "bookworm"); err == nil || !strings.Contains(err.Error(), "is the head of trixie") {
		t.Errorf("%v", err)
	}
}

func TestChangedIndex(t *testing.T) {
	a, c := archive(t)
	s, err := c.Load(t.Context(), "trixie")
	if err != nil {
		t.Fatal(err)
	}
	a.EditMatching("binary-amd64", func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	var sum *fetch.ChecksumError
	if err := s.Packages(t.Context(), "amd64", func(*index.Package) error { return nil }); !errors.As(err, &sum) {
		t.Errorf("%v", err)
	}
}

func TestKeyringErrors(t *testing.T) {
	if _, err := index.LoadKeyring(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "--keyring") {
		t.Errorf("%v", err)
	}
	if _, err := index.ReadKeyring([]byte("no keys")); err == nil {
		t.Error("garbage accepted")
	}
	if _, err := index.ReadKeyring(nil); err == nil {
		t.Error("nothing accepted")
	}
}

// TestMachinesKeyring reads the keyring that will really be used.
func TestMachinesKeyring(t *testing.T) {
	if _, err := os.Stat(index.DefaultKeyring); err != nil {
		t.Skip("no Debian keyring on this machine")
	}
	if _, err := index.LoadKeyring(index.DefaultKeyring); err != nil {
		t.Error(err)
	}
}

func TestParseReleaseErrors(t *testing.T) {
	sum := strings.Repeat("a", 64)
	ok := "Codename: x\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n " + sum + " 12 main/binary-amd64/Packages.xz\n"
	if r, err := index.ParseRelease([]byte(ok)); err != nil || r.Files["main/binary-amd64/Packages.xz"].Size != 12 || r.Date.Day() != 12 {
		t.Fatalf("%+v %v", r, err)
	}
	for _, bad := range []string{
		"", "Codename: x\n", ok + "\nCodename: y\n",
		strings.Replace(ok, sum, "xyz", 1),
		strings.Replace(ok, " 12 ", " -1 ", 1),
		strings.Replace(ok, " 12 ", " ", 1),
		strings.Replace(ok, "main/binary", "../binary", 1),
		strings.Replace(ok, "Sat, 12", "Sat, 99", 1),
		ok + "SHA256:\n x 1 y\n",
	} {
		if r, err := index.ParseRelease([]byte(bad)); err == nil {
			t.Errorf("%q gives %+v", bad, r)
		}
	}
}

func TestParsePackagesErrors(t *testing.T) {
	ok := "Package: make\nVersion: 1\nArchitecture: amd64\nFilename: pool/m.deb\nSHA256: " + strings.Repeat("a", 64) + "\nSize: 3\n"
	count := func(s string) (n int, err error) {
		err = index.ParsePackages(strings.NewReader(s), func(*index.Package) error { n++; return nil })
		return n, err
	}
	if n, err := count(ok + "\n\n" + ok); n != 2 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	for _, r := range [][2]string{
		{"make", "../x"}, {"make", "m"}, {"Version: 1", "Version: a"}, {"amd64", ""}, {"pool/m.deb", "../m.deb"}, {"pool/m.deb", "/m.deb"},
		{"aaa", "zzz"}, {"Size: 3", "Size: x"}, {"Size: 3", "Size: 0"}, {"Size: 3\n", ""}, {"Version: 1", "Version: 1\nVersion: 2"},
		{"Package: make", " Package: make"}, {"Package: make", "Package make"},
	} {
		if n, err := count(strings.Replace(ok, r[0], r[1], 1)); err == nil {
			t.Errorf("%q: %d entries, no error", r, n)
		}
	}
	stop := errors.New("stop")
	if err := index.ParsePackages(strings.NewReader(ok), func(*index.Package) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestKey(t *testing.T) {
	p := index.Package{Name: "gcc", Version: "4:14.2.0-1", Arch: "amd64"}
	if p.Key() != "gcc_14.2.0-1_amd64.deb" {
		t.Error(p.Key())
	}
}

func FuzzParsePackages(f *testing.F) {
	f.Add([]byte(entry + "Filename: pool/m.deb\nSize: 3\nSHA256: " + strings.Repeat("a", 64) + "\n\n" + entry))
	f.Add([]byte("#\n a: b\n\x00:\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		index.ParsePackages(bytes.NewReader(data), func(p *index.Package) error {
			if !filepath.IsLocal(p.Path) || p.Size <= 0 || strings.ContainsAny(p.Key(), "/\x00") {
				t.Errorf("let through: %+v", p)
			}
			return nil
		})
	})
}

func FuzzParseRelease(f *testing.F) {
	f.Add([]byte("Codename: x\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n " + strings.Repeat("a", 64) + " 12 main/binary-amd64/Packages.xz\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := index.ParseRelease(data)
		if err != nil {
			return
		}
		for name := range r.Files {
			if !filepath.IsLocal(name) {
				t.Errorf("let %q through", name)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	a := debtest.NewArchive(f)
	k, err := index.LoadKeyring(a.Keyring())
	if err != nil {
		f.Fatal(err)
	}
	good := a.Sign([]byte("Codename: trixie\n- dash\n"))
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		text, _, err := k.Verify(data)
		if err == nil && string(text) != "Codename: trixie\n- dash\n" {
			t.Errorf("believed %q", text)
		}
	})
}
