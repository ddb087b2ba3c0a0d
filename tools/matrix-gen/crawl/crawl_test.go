// SPDX-License-Identifier: Apache-2.0

package crawl_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawl"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// add puts a package of a kernel into a suite. arch is amd64, arm64 or all.
func add(s *debtest.Suite, name, version, arch, depends string) {
	arches := arch
	if arch == "all" {
		arches = "amd64 arm64"
	}
	entry := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nSource: linux\n", name, version, arch)
	if depends != "" {
		entry += "Depends: " + depends + "\n"
	}
	dir := "pool/main/l/linux/"
	if strings.HasSuffix(s.Name, "-security") {
		dir = "pool/updates/main/l/linux/"
	}
	s.Add(arches, entry, dir+name+"_"+version+"_"+arch+".deb", []byte(name+version+arch))
}

// old adds a kernel in the layout up to 6.12.
func old(s *debtest.Suite, abi, version, kbuild string, suffixes ...string) {
	add(s, "linux-headers-"+abi+"-common", version, "all", "")
	for _, arch := range []string{"amd64", "arm64"} {
		add(s, "linux-kbuild-"+kbuild, version, arch, "")
	}
	for _, x := range suffixes {
		arch := "amd64"
		if strings.Contains(x, "arm64") {
			arch = "arm64"
		}
		add(s, "linux-headers-"+abi+"-"+x, version, arch, "linux-headers-"+abi+"-common (= "+version+"), linux-kbuild-"+kbuild+" (>= "+version+"), linux-compiler-gcc-12-x86")
		add(s, "linux-image-"+abi+"-"+x, version, arch, "kmod")
		add(s, "linux-image-"+abi+"-"+x+"-unsigned", version, arch, "kmod")
		add(s, "linux-image-"+abi+"-"+x+"-dbg", version, arch, "")
	}
}

func archive(t *testing.T) *debtest.Archive {
	a := debtest.NewArchive(t)
	old(a.Suite("bookworm"), "6.1.0-50", "6.1.170-1", "6.1", "amd64", "cloud-amd64", "arm64")
	old(a.Suite("bookworm-security"), "6.1.0-56", "6.1.192-2", "6.1", "amd64", "cloud-amd64", "rt-arm64")
	// A meta-package is no kernel, whatever its name starts with.
	add(a.Suite("bookworm-security"), "linux-headers-6.12-amd64", "6.12.1-1", "amd64", "linux-headers-6.12.1+deb12-amd64 (= 6.12.1-1)")
	add(a.Suite("bookworm-security"), "linux-headers-amd64", "6.1.192-2", "amd64", "linux-headers-6.1.0-56-amd64 (= 6.1.192-2)")

	b, v := a.Suite("trixie-backports"), "7.2.12-1~bpo13+1"
	abi := "7.2.12+deb13"
	add(b, "linux-headers-"+abi+"-common", v, "all", "")
	add(b, "linux-kbuild-"+abi, v, "amd64", "")
	add(b, "linux-headers-"+abi+"-amd64", v, "amd64", "gcc-14-for-host, linux-base-"+abi+"-amd64 (= "+v+"), linux-headers-"+abi+"-common (= "+v+"), linux-kbuild-"+abi)
	for _, p := range []string{"image", "binary", "binary-unsigned", "modules", "base"} {
		add(b, "linux-"+p+"-"+abi+"-amd64", v, "amd64", "")
	}
	a.Suite("trixie").Add("amd64 arm64", "Package: make\nVersion: 1\nArchitecture: all\n", "pool/m.deb", []byte("make"))
	return a
}

func options(t *testing.T, a *debtest.Archive, suites ...string) crawl.Options {
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
	return crawl.Options{Client: &index.Client{Fetcher: f, Keyring: k}, Suites: suites, Log: t.Logf}
}

func entry(t *testing.T, res *crawl.Result, arch, name string) crawler.Entry {
	t.Helper()
	for _, e := range res.Lists[arch].Distributions["debian"] {
		if e.KernelRelease == name {
			return e
		}
	}
	t.Fatalf("%s has no %s", arch, name)
	return crawler.Entry{}
}

func names(l *crawler.List) (out []string) {
	for _, e := range l.Distributions["debian"] {
		out = append(out, e.KernelRelease+" is "+e.Release)
	}
	slices.Sort(out)
	return out
}

func packages(e crawler.Entry) (out []string) {
	for _, p := range e.Packages {
		out = append(out, p.Role+" "+p.Ref())
	}
	slices.Sort(out)
	return out
}

func TestCrawl(t *testing.T) {
	res, err := crawl.Crawl(t.Context(), options(t, archive(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Incomplete) > 0 {
		t.Errorf("incomplete: %q", res.Incomplete)
	}
	wantGone := slices.DeleteFunc(crawl.DefaultSuites(), func(s string) bool {
		return slices.Contains([]string{"bookworm", "bookworm-security", "trixie", "trixie-backports"}, s)
	})
	if !reflect.DeepEqual(res.Gone, wantGone) {
		t.Errorf("gone: %q", res.Gone)
	}
	for arch, want := range map[string][]string{
		"x86_64": {
			"6.1.170-1-amd64 is 6.1.0-50-amd64", "6.1.170-1-cloud-amd64 is 6.1.0-50-cloud-amd64",
			"6.1.192-2-amd64 is 6.1.0-56-amd64", "6.1.192-2-cloud-amd64 is 6.1.0-56-cloud-amd64",
			"7.2.12-1~bpo13+1-amd64 is 7.2.12+deb13-amd64",
		},
		"aarch64": {"6.1.170-1-arm64 is 6.1.0-50-arm64", "6.1.192-2-rt-arm64 is 6.1.0-56-rt-arm64"},
	} {
		if got := names(res.Lists[arch]); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", arch, got)
		}
	}

	got := packages(entry(t, res, "x86_64", "6.1.170-1-cloud-amd64"))
	want := []string{
		"common debian:pool/main/l/linux/linux-headers-6.1.0-50-common_6.1.170-1_all.deb",
		"headers debian:pool/main/l/linux/linux-headers-6.1.0-50-cloud-amd64_6.1.170-1_amd64.deb",
		"image debian:pool/main/l/linux/linux-image-6.1.0-50-cloud-amd64-unsigned_6.1.170-1_amd64.deb",
		"image debian:pool/main/l/linux/linux-image-6.1.0-50-cloud-amd64_6.1.170-1_amd64.deb",
		"kbuild_aarch64 debian-security:pool/updates/main/l/linux/linux-kbuild-6.1_6.1.192-2_arm64.deb",
		"kbuild_aarch64 debian:pool/main/l/linux/linux-kbuild-6.1_6.1.170-1_arm64.deb",
		"kbuild_x86_64 debian-security:pool/updates/main/l/linux/linux-kbuild-6.1_6.1.192-2_amd64.deb",
		"kbuild_x86_64 debian:pool/main/l/linux/linux-kbuild-6.1_6.1.170-1_amd64.deb",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("packages:\n%s", strings.Join(got, "\n"))
	}
	e := entry(t, res, "x86_64", "7.2.12-1~bpo13+1-amd64")
	got = packages(e)
	want = []string{
		"common debian:pool/main/l/linux/linux-headers-7.2.12+deb13-common_7.2.12-1~bpo13+1_all.deb",
		"headers debian:pool/main/l/linux/linux-headers-7.2.12+deb13-amd64_7.2.12-1~bpo13+1_amd64.deb",
		"image debian:pool/main/l/linux/linux-binary-7.2.12+deb13-amd64_7.2.12-1~bpo13+1_amd64.deb",
		"image debian:pool/main/l/linux/linux-binary-unsigned-7.2.12+deb13-amd64_7.2.12-1~bpo13+1_amd64.deb",
		"kbuild_x86_64 debian:pool/main/l/linux/linux-kbuild-7.2.12+deb13_7.2.12-1~bpo13+1_amd64.deb",
		"modules debian:pool/main/l/linux/linux-modules-7.2.12+deb13-amd64_7.2.12-1~bpo13+1_amd64.deb",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("packages:\n%s", strings.Join(got, "\n"))
	}
	if want := []string{
		"debian:pool/main/l/linux/linux-headers-7.2.12+deb13-amd64_7.2.12-1~bpo13+1_amd64.deb",
		"debian:pool/main/l/linux/linux-headers-7.2.12+deb13-common_7.2.12-1~bpo13+1_all.deb",
		"debian:pool/main/l/linux/linux-kbuild-7.2.12+deb13_7.2.12-1~bpo13+1_amd64.deb",
	}; !reflect.DeepEqual(e.Headers, want) {
		t.Errorf("headers: %q", e.Headers)
	}
	for _, p := range e.Packages {
		if len(p.SHA256) != 64 || p.Size == 0 {
			t.Errorf("not pinned: %+v", p)
		}
	}
}

// TestWrittenListsAreReadBack writes a crawl, sees that no mirror stands in it
// and that it does not depend on the order of the suites, and reads it again.
func TestWrittenListsAreReadBack(t *testing.T) {
	a := archive(t)
	var texts [2]bytes.Buffer
	for i, suites := range [][]string{{"bookworm", "bookworm-security"}, {"bookworm-security", "bookworm"}} {
		res, err := crawl.Crawl(t.Context(), options(t, a, suites...))
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Lists["x86_64"].Write(&texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0].Bytes(), texts[1].Bytes()) {
		t.Error("the order of the suites shows in the list")
	}
	host := strings.TrimPrefix(strings.TrimSuffix(a.URL(), "/debian"), "http://")
	if strings.Contains(texts[0].String(), host) || strings.Contains(texts[0].String(), "://") {
		t.Error("the list names a mirror")
	}
	l, err := crawler.Read(bytes.NewReader(texts[0].Bytes()), "x86_64.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Distributions["debian"]) != 4 || l.Arch != "x86_64" || len(l.Archives) != 2 {
		t.Errorf("read back: %d entries, %s, %v", len(l.Distributions["debian"]), l.Arch, l.Archives)
	}
}

// TestSeveralVersionsOfARelease keeps both; the lock takes the newest.
func TestSeveralVersionsOfARelease(t *testing.T) {
	a := debtest.NewArchive(t)
	old(a.Suite("trixie"), "6.12.107+deb13", "6.12.107-1", "6.12.107+deb13", "amd64")
	old(a.Suite("trixie-security"), "6.12.107+deb13", "6.12.107-2", "6.12.107+deb13", "amd64")
	// The same file in two suites of one archive counts once.
	old(a.Suite("trixie-updates"), "6.12.107+deb13", "6.12.107-1", "6.12.107+deb13", "amd64")
	res, err := crawl.Crawl(t.Context(), options(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(res.Lists["x86_64"]); !reflect.DeepEqual(got, []string{"6.12.107-1-amd64 is 6.12.107+deb13-amd64", "6.12.107-2-amd64 is 6.12.107+deb13-amd64"}) {
		t.Errorf("%q", got)
	}
	if got := packages(entry(t, res, "x86_64", "6.12.107-1-amd64")); len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("a package stands twice:\n%s", strings.Join(got, "\n"))
	}
}

func TestIncompleteKernels(t *testing.T) {
	a := debtest.NewArchive(t)
	s := a.Suite("trixie")
	old(s, "6.12.1+deb13", "6.12.1-1", "6.12.1+deb13", "amd64")
	add(s, "linux-headers-6.12.2+deb13-amd64", "6.12.2-1", "amd64", "linux-headers-6.12.2+deb13-common (= 6.12.2-1), linux-kbuild-6.12.1+deb13")
	add(s, "linux-headers-6.12.3+deb13-amd64", "6.12.3-1", "amd64", "linux-headers-6.12.1+deb13-common, linux-kbuild-6.12.3+deb13")
	add(s, "linux-headers-6.12.4+deb13-amd64", "6.12.4-1", "amd64", "linux-headers-6.12.1+deb13-common")
	add(s, "linux-headers-6.12.5+deb13-amd64", "6.12.5-1", "amd64", "linux-headers-6.12.1+deb13-common (1)")
	res, err := crawl.Crawl(t.Context(), options(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Lists["x86_64"].Distributions["debian"]) != 1 || len(res.Incomplete) != 4 {
		t.Fatalf("%q, incomplete: %q", names(res.Lists["x86_64"]), res.Incomplete)
	}
	for i, want := range []string{"needs linux-headers-6.12.2+deb13-common (= 6.12.2-1)", "needs linux-kbuild-6.12.3+deb13", "no linux-kbuild", "dependency"} {
		if !strings.Contains(res.Incomplete[i], want) {
			t.Errorf("%q does not say %q", res.Incomplete[i], want)
		}
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*debtest.Archive)
		want   string
	}{
		"all suites gone": {func(a *debtest.Archive) {
			for _, s := range crawl.DefaultSuites() {
				a.Drop(s)
			}
		}, "no mirror has any of the 12 suites"},
		"signature": {func(a *debtest.Archive) {
			a.Edit("debian-security/dists/bookworm-security/InRelease", func(b []byte) []byte {
				return bytes.Replace(b, []byte("Origin: Test"), []byte("Origin: Evil"), 1)
			})
		}, "does not hold"},
		"out of date": {func(a *debtest.Archive) {
			a.Suite("trixie").ValidUntil = time.Now().Add(-time.Minute)
			a.Publish()
		}, "out of date"},
		"index cut": {func(a *debtest.Archive) {
			a.EditMatching("bookworm/main/binary-arm64", func(b []byte) []byte { return b[:len(b)/2] })
		}, "gave a different file"},
	} {
		t.Run(name, func(t *testing.T) {
			a := archive(t)
			o := options(t, a)
			c.change(a)
			if _, err := crawl.Crawl(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestOneSuiteGone is no error, but it is said.
func TestOneSuiteGone(t *testing.T) {
	a := archive(t)
	o := options(t, a, "bookworm", "bookworm-security")
	a.Drop("bookworm")
	var said []string
	o.Log = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	res, err := crawl.Crawl(t.Context(), o)
	if err != nil || !reflect.DeepEqual(res.Gone, []string{"bookworm"}) || len(res.Lists["x86_64"].Distributions["debian"]) != 2 {
		t.Errorf("%v", err)
	}
	if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "bookworm: passed over") }) {
		t.Errorf("log: %q", said)
	}
}
