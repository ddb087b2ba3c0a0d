// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// world is a mirror of both archives and of other packages on one server.
type world struct {
	t      *testing.T
	dir    string // what the server has
	server *httptest.Server
	caches string
	// status is what the server answers instead of files whose path matches.
	status map[string]int

	mu  sync.Mutex
	log []string // "GET path", "HEAD path"
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), caches: t.TempDir(), status: map[string]int{}}
	files := http.FileServer(http.Dir(w.dir))
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.log = append(w.log, r.Method+" "+r.URL.Path)
		status := w.status[path.Base(r.URL.Path)]
		w.mu.Unlock()
		if status != 0 {
			http.Error(rw, "no", status)
			return
		}
		files.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	return w
}

// put stores a file and returns it as a package of a list.
func (w *world) put(role, archive, name string, data []byte) crawler.Package {
	w.t.Helper()
	file := filepath.Join(w.dir, archive, "pool", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return crawler.Package{Role: role, Archive: archive, Path: "pool/" + name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

func (w *world) drop(p crawler.Package) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.dir, p.Archive, p.Path)); err != nil {
		w.t.Fatal(err)
	}
}

// asked returns the requests since the last call that match.
func (w *world) asked(pattern string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, line := range w.log {
		if regexp.MustCompile(pattern).MatchString(line) {
			out = append(out, line)
		}
	}
	w.log = nil
	return out
}

// options are those of a machine with this mirror; the log goes to logged.
func (w *world) options(logged *[]string) Options {
	w.t.Helper()
	f, err := fetch.New(fetch.Options{
		Sources: &mirror.Sources{Bases: map[string][]string{
			"debian": {w.server.URL + "/debian"}, "debian-security": {w.server.URL + "/debian-security"},
		}},
		CacheDir: filepath.Join(w.caches, "packages"),
		Attempts: 2, Backoff: time.Millisecond,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return Options{
		Fetcher: f, Client: w.server.Client(), CacheDir: filepath.Join(w.caches, "kernels"), Oldest: "5.10",
		Log: func(format string, args ...any) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if logged != nil {
				*logged = append(*logged, fmt.Sprintf(format, args...))
			}
		},
	}
}

func (w *world) build(lists []*crawler.List, logged *[]string) (*File, []LeftOut) {
	w.t.Helper()
	file, left, err := Build(w.t.Context(), lists, w.options(logged))
	if err != nil {
		w.t.Fatal(err)
	}
	return file, left
}

func text(t *testing.T, f *File) string {
	t.Helper()
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// debian puts the packages of a kernel of Debian on the mirror and returns its
// entry. The version also goes into the contents, so that builds differ.
func (w *world) debian(abi, version string) crawler.Entry {
	w.t.Helper()
	release := abi + "-amd64"
	h := header{folder: "linux-headers-" + release, release: release, config: configX86, more: map[string]string{"version": version}}
	e := crawler.Entry{
		KernelVersion: "1", KernelRelease: version + "-amd64", Target: "debian", Release: release, Version: version,
		Packages: []crawler.Package{
			w.put(crawler.RoleHeaders, "debian-security", "linux-headers-"+release+"_"+version+"_amd64.deb", h.deb(w.t, ".xz")),
			w.put(crawler.RoleCommon, "debian-security", "linux-headers-"+abi+"-common_"+version+"_all.deb", []byte("common "+version)),
			w.put(crawler.RoleKbuildX8664, "debian", "linux-kbuild-6.1_"+version+"_amd64.deb", []byte("kbuild "+version)),
			w.put(crawler.RoleKbuildAarch64, "debian", "linux-kbuild-6.1_"+version+"_arm64.deb", []byte("kbuild arm "+version)),
			w.put(crawler.RoleImage, "debian", "linux-image-"+release+"_"+version+"_amd64.deb", []byte("image "+version)),
		},
	}
	return e
}

func list(entries ...crawler.Entry) []*crawler.List {
	return []*crawler.List{{
		Arch:          "x86_64",
		Archives:      map[string]crawler.Archive{"debian": {Snapshot: "20261120T000000Z"}, "debian-security": {Snapshot: "20261120T060000Z"}},
		Distributions: map[string][]crawler.Entry{"debian": entries},
	}}
}

func TestBuildDebian(t *testing.T) {
	w := newWorld(t)
	first, second := w.debian("6.1.0-55", "6.1.191-1"), w.debian("6.1.0-56", "6.1.192-2")
	var logged []string
	file, left := w.build(list(second, first), &logged)
	if len(left) > 0 || len(logged) > 0 {
		t.Errorf("left out %v, log %q; want nothing", left, logged)
	}
	if len(file.Kernels) != 2 || len(file.Packages) != 10 {
		t.Fatalf("got %d kernels and %d packages, want 2 and 10", len(file.Kernels), len(file.Packages))
	}
	got := file.Kernels[1]
	if got.Key() != "debian/x86_64/6.1.0-56-amd64" || got.Alias != "6.1.192-2-amd64" || got.Version != "6.1.192-2" || got.Series != "6.1" ||
		got.Flavour != "generic" || got.Format != FormatDeb || got.Kbuild != KbuildPackaged || got.Archived || got.Compiler.Major != 12 ||
		got.Config["TLS"] != "m" || got.Config["SMC"] != "n" || got.Packages["kbuild_aarch64"] != "linux-kbuild-6.1_6.1.192-2_arm64.deb" {
		t.Errorf("got %+v", got)
	}
	if strings.Contains(text(t, file), w.server.URL) {
		t.Error("the lock names the mirror")
	}

	// The same again, in another order: the same file, and nothing downloaded.
	w.asked("")
	again, _ := w.build(list(first, second), nil)
	if text(t, again) != text(t, file) {
		t.Errorf("another order gives another lock:\n%s\n%s", text(t, file), text(t, again))
	}
	if gets := w.asked("^GET"); len(gets) > 0 {
		t.Errorf("the second run downloaded %q", gets)
	}
	// Without the cache of inspections too.
	if err := os.RemoveAll(filepath.Join(w.caches, "kernels")); err != nil {
		t.Fatal(err)
	}
	if again, _ = w.build(list(first, second), nil); text(t, again) != text(t, file) {
		t.Error("a lost cache gives another lock")
	}
}

func TestBuildAsksBeforeItLocks(t *testing.T) {
	w := newWorld(t)
	whole, noHeaders, noCommon, noImage, noTools := w.debian("6.1.0-1", "6.1.1-1"), w.debian("6.1.0-2", "6.1.2-1"),
		w.debian("6.1.0-3", "6.1.3-1"), w.debian("6.1.0-4", "6.1.4-1"), w.debian("6.1.0-5", "6.1.5-1")
	w.drop(noHeaders.Packages[0])
	w.drop(noCommon.Packages[1])
	w.drop(noImage.Packages[4])
	w.drop(noTools.Packages[3]) // kbuild for aarch64; older ones are there
	var logged []string
	file, left := w.build(list(whole, noHeaders, noCommon, noImage, noTools), &logged)
	var keys []string
	for _, l := range left {
		keys = append(keys, l.Key)
		if !strings.Contains(l.Why, "no place has linux-headers-6.1.0-") {
			t.Errorf("%s: the reason is %q", l.Key, l.Why)
		}
	}
	if !slices.Equal(keys, []string{"debian/x86_64/6.1.2-1-amd64", "debian/x86_64/6.1.3-1-amd64"}) {
		t.Errorf("left out %q", keys)
	}
	byRelease := map[string]Kernel{}
	for _, k := range file.Kernels {
		byRelease[k.Release] = k
	}
	if _, ok := byRelease["6.1.0-4-amd64"].Packages[crawler.RoleImage]; ok || len(byRelease["6.1.0-4-amd64"].Packages) != 4 {
		t.Errorf("the kernel without image has %v", byRelease["6.1.0-4-amd64"].Packages)
	}
	// The newest other package of host tools stands in for one that is gone.
	if got := byRelease["6.1.0-5-amd64"].Packages[crawler.RoleKbuildAarch64]; got != "linux-kbuild-6.1_6.1.4-1_arm64.deb" {
		t.Errorf("the host tools are %q", got)
	}
	if len(logged) != 2 || !strings.Contains(strings.Join(logged, "\n"), "locked with linux-kbuild-6.1_6.1.4-1_arm64.deb instead") {
		t.Errorf("the log is %q", logged)
	}
}

func TestBuildFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(w *world, e *crawler.Entry)
		want   string // of the error
		left   string // or of the reason for leaving the kernel out
	}{
		{"the mirror is out of order", func(w *world, e *crawler.Entry) { w.status[path.Base(e.Packages[1].Path)] = 500 }, "500", ""},
		{"another file under the name", func(w *world, e *crawler.Entry) {
			w.put("", e.Packages[0].Archive, path.Base(e.Packages[0].Path), bytes.Repeat([]byte("x"), int(e.Packages[0].Size)))
		}, "wanted sha256", ""},
		{"not a package", func(w *world, e *crawler.Entry) {
			e.Packages[0] = w.put(crawler.RoleHeaders, "debian", path.Base(e.Packages[0].Path), []byte("hello"))
		}, "", "linux-headers-6.1.0-56-amd64_6.1.192-2_amd64.deb: "},
		{"a package of another architecture", func(w *world, e *crawler.Entry) {
			h := header{folder: "linux-headers-x", release: "6.1.0-56-amd64", config: configArm}
			e.Packages[0] = w.put(crawler.RoleHeaders, "debian", path.Base(e.Packages[0].Path), h.deb(w.t, ".gz"))
		}, "", "is for aarch64, but the list says x86_64"},
		{"no host tools at all", func(w *world, e *crawler.Entry) { w.drop(e.Packages[2]); w.drop(e.Packages[3]) }, "", "host tools"},
		{"no headers in the list", func(w *world, e *crawler.Entry) { e.Packages = e.Packages[1:] }, "", "names no header package"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			e := w.debian("6.1.0-56", "6.1.192-2")
			c.break_(w, &e)
			file, left, err := Build(t.Context(), list(e), w.options(nil))
			switch {
			case c.want != "":
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v; want an error with %q", err, c.want)
				}
			case err != nil || len(file.Kernels) != 0 || len(left) != 1 || !strings.Contains(left[0].Why, c.left):
				t.Errorf("got %v, %v, %v; want one kernel left out with %q", file, left, err, c.left)
			}
		})
	}
}

func TestBuildSnapshotsMustBeMoments(t *testing.T) {
	w := newWorld(t)
	l := list(w.debian("6.1.0-56", "6.1.192-2"))
	l[0].Archives["debian"] = crawler.Archive{Snapshot: "yesterday"}
	if _, _, err := Build(t.Context(), l, w.options(nil)); err == nil || !strings.Contains(err.Error(), "yesterday") {
		t.Errorf("got %v; want an error about the snapshot", err)
	}
}

func TestBuildSelects(t *testing.T) {
	w := newWorld(t)
	old, a, b := w.debian("5.9.0-1", "5.9.1-1"), w.debian("6.1.0-55", "6.1.191-1"), w.debian("6.1.0-56", "6.1.192-2")
	rebuilt := w.debian("6.1.0-56", "6.1.192-10") // a newer build of the same release
	var logged []string
	file, _ := w.build(list(old, a, rebuilt, b), &logged)
	if len(file.Kernels) != 2 || file.Kernels[1].Version != "6.1.192-10" {
		t.Errorf("got %+v; want two kernels, the second of version 6.1.192-10", file.Kernels)
	}
	if text := strings.Join(logged, "\n"); !strings.Contains(text, "6.1.192-10-amd64 wins over 6.1.192-2-amd64") || !strings.Contains(text, "1 kernels are older than 5.10") {
		t.Errorf("the log is %q", logged)
	}
	for _, pattern := range []string{`^(?:6\.1\.191-1-.*)$`, `^(?:6\.1\.0-55-.*)$`} { // by alias and by release
		o := w.options(nil)
		o.Release = regexp.MustCompile(pattern)
		file, _, err := Build(t.Context(), list(old, a, b), o)
		if err != nil || len(file.Kernels) != 1 || file.Kernels[0].Release != "6.1.0-55-amd64" {
			t.Errorf("%s: %v, %+v", pattern, err, file)
		}
	}
}

// TestBuildFalco locks lists of Falco's: URLs without checksums, several
// flavours in an entry, mirrors of which one lost a file.
func TestBuildFalco(t *testing.T) {
	w := newWorld(t)
	url := func(p crawler.Package) string { return w.server.URL + "/" + p.Archive + "/" + p.Path }
	ubuntu := func(flavour string) crawler.Package {
		release := "5.15.0-50-" + flavour
		h := header{folder: "linux-headers-" + release, release: release, config: strings.ReplaceAll(configX86, "gcc-12 (Debian", "gcc (Ubuntu")}
		return w.put("", "a/x", "linux-headers-"+release+"_5.15.0-50.56_amd64.deb", h.deb(t, ".zst"))
	}
	generic, low := ubuntu("generic"), ubuntu("lowlatency")
	common := w.put("", "a/x", "linux-headers-5.15.0-50_5.15.0-50.56_all.deb", []byte("common"))
	const release = "6.1.12-17.42.amzn2023.x86_64"
	w.put("", "b", "kernel-devel-"+release+".rpm",
		header{folder: "kernels/" + release, release: release, config: configX86}.rpm(t, "zstd"))
	lists := []*crawler.List{{Arch: "x86_64", Distributions: map[string][]crawler.Entry{
		"ubuntu": {{KernelVersion: "56", KernelRelease: "5.15.0-50-hwe-5.15", Target: "ubuntu-hwe-5.15", Headers: []string{
			url(low), url(generic), url(common),
			w.server.URL + "/0-first-but-lost/" + path.Base(generic.Path), // sorts before the one that is there
		}}},
		"amazonlinux2023": {{KernelVersion: "1", KernelRelease: release, Target: "amazonlinux2023",
			Headers: []string{w.server.URL + "/b/../b/x/../pool/kernel-devel-" + release + ".rpm"}}},
	}}}
	file, left := w.build(lists, nil)
	if len(left) != 0 || len(file.Kernels) != 3 {
		t.Fatalf("got %+v, left out %v; want three kernels", file.Kernels, left)
	}
	rpm, gen, lowlatency := file.Kernels[0], file.Kernels[1], file.Kernels[2]
	if rpm.Key() != "amazonlinux2023/x86_64/"+release || rpm.Format != FormatRPM || rpm.Kbuild != KbuildRebuild || rpm.Version != "6.1.12-17.42.amzn2023" || rpm.Flavour != "generic" {
		t.Errorf("the .rpm kernel is %+v", rpm)
	}
	if gen.Key() != "ubuntu/x86_64/5.15.0-50-generic" || gen.Alias != "5.15.0-50-hwe-5.15" || gen.Flavour != "generic" || gen.Kbuild != KbuildRebuild || len(gen.Packages) != 2 || gen.Version != "5.15.0-50.56" {
		t.Errorf("the generic kernel is %+v", gen)
	}
	if lowlatency.Key() != "ubuntu/x86_64/5.15.0-50-lowlatency" || lowlatency.Alias != "5.15.0-50-hwe-5.15-lowlatency" {
		t.Errorf("the lowlatency kernel is %+v", lowlatency)
	}
	p := file.Packages[path.Base(generic.Path)]
	if p.SHA256 != generic.SHA256 || p.Size != generic.Size || p.URL != url(generic) {
		t.Errorf("the package is pinned as %+v, want %+v", p, generic)
	}
	if got := file.Packages[gen.Packages[crawler.RoleCommon]]; got.SHA256 != common.SHA256 {
		t.Errorf("the common package is pinned as %+v, want %+v", got, common)
	}
	w.asked("")
	again, _ := w.build(lists, nil)
	if text(t, again) != text(t, file) {
		t.Error("the second lock differs")
	}
	if gets := w.asked("^GET"); len(gets) > 0 {
		t.Errorf("the second run downloaded %q", gets)
	}
}
