// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// sample is a list of Falco's with every kind of entry that gives trouble.
func sample(t testing.TB, seed uint64) []*crawler.List {
	t.Helper()
	const x86 = `{
"%s": [
  {"kernelversion": %[2]s204%[2]s, "kernelrelease": "4.15.0-193-generic", "target": "ubuntu-generic", "headers": [
    "http://b.example/linux-headers-4.15.0-193_4.15.0-193.204_all.deb", "http://b.example/linux-headers-4.15.0-193-generic_4.15.0-193.204_amd64.deb",
    "http://b.example/linux-headers-4.15.0-193-lowlatency_4.15.0-193.204_amd64.deb", "http://a.example/linux-headers-4.15.0-193-generic_4.15.0-193.204_amd64.deb",
    "http://a.example/linux-headers-4.15.0-193_4.15.0-193.204_all.deb", "http://a.example/linux-headers-4.15.0-193-lowlatency_4.15.0-193.204_amd64.deb"]},
  {"kernelversion": "10", "kernelrelease": "4.15.0-1008-oracle", "target": "ubuntu-oracle", "headers": [
    "http://a.example/linux-headers-4.15.0-1008-oracle_4.15.0-1008.10_amd64.deb", "http://a.example/linux-oracle-headers-4.15.0-1008_4.15.0-1008.10_all.deb"]},
  {"kernelversion": "10~16.04.1", "kernelrelease": "4.15.0-1008-oracle", "target": "ubuntu-oracle", "headers": [
    "http://a.example/linux-headers-4.15.0-1008-oracle_4.15.0-1008.10~16.04.1_amd64.deb", "http://a.example/linux-oracle-headers-4.15.0-1008_4.15.0-1008.10~16.04.1_all.deb"]}
],
"AmazonLinux2": [
  {"kernelversion": %[2]s1%[2]s, "kernelrelease": "5.10.96-90.460.amzn2.x86_64", "target": "amazonlinux2", "headers": [
    "https://c.example/2/core/x86_64/aaaa/../../../../blobstore/bbbb/kernel-devel-5.10.96-90.460.amzn2.x86_64.rpm"]}
],
"Flatcar": [{"kernelversion": 1, "kernelrelease": "1688.5.3", "target": "flatcar", "headers": ["https://d.example/flatcar_developer_container.bin.bz2"]}]
}`
	r := rand.New(rand.NewPCG(seed, 1))
	key, quote := "Ubuntu", ""
	if seed%2 == 1 { // what new crawlers write
		key, quote = "ubuntu", `"`
	}
	list, err := crawler.Read(strings.NewReader(fmt.Sprintf(x86, key, quote)), "x86_64.json")
	if err != nil {
		t.Fatal(err)
	}
	list.Arch = "x86_64"
	for _, entries := range list.Distributions {
		r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		for _, e := range entries {
			r.Shuffle(len(e.Headers), func(i, j int) { e.Headers[i], e.Headers[j] = e.Headers[j], e.Headers[i] })
		}
	}
	return []*crawler.List{list}
}

func options(logged *[]string) Options {
	return Options{
		Distributions: []string{"ubuntu", "amazonlinux2"}, Arches: []string{"x86_64"}, DriverVersion: "0.1.1",
		Log: func(format string, args ...any) {
			if logged != nil {
				*logged = append(*logged, fmt.Sprintf(format, args...))
			}
		},
	}
}

const want = `[
  {
    "kversion": "5.10.96-90.460.amzn2.x86_64",
    "distribution": "amazonlinux2",
    "architecture": "x86_64",
    "kernelurls": [
      "https://c.example/blobstore/bbbb/kernel-devel-5.10.96-90.460.amzn2.x86_64.rpm"
    ],
    "output": "0.1.1/amazonlinux2/x86_64/5.10.96-90.460.amzn2.x86_64",
    "driverversion": "0.1.1"
  },
  {
    "kversion": "4.15.0-1008-oracle",
    "distribution": "ubuntu",
    "architecture": "x86_64",
    "kernelurls": [
      "http://a.example/linux-headers-4.15.0-1008-oracle_4.15.0-1008.10_amd64.deb",
      "http://a.example/linux-oracle-headers-4.15.0-1008_4.15.0-1008.10_all.deb"
    ],
    "output": "0.1.1/ubuntu/x86_64/4.15.0-1008-oracle",
    "driverversion": "0.1.1"
  },
  {
    "kversion": "4.15.0-193-generic",
    "distribution": "ubuntu",
    "architecture": "x86_64",
    "kernelurls": [
      "http://a.example/linux-headers-4.15.0-193-generic_4.15.0-193.204_amd64.deb",
      "http://a.example/linux-headers-4.15.0-193_4.15.0-193.204_all.deb"
    ],
    "output": "0.1.1/ubuntu/x86_64/4.15.0-193-generic",
    "driverversion": "0.1.1"
  },
  {
    "kversion": "4.15.0-193-lowlatency",
    "distribution": "ubuntu",
    "architecture": "x86_64",
    "kernelurls": [
      "http://a.example/linux-headers-4.15.0-193-lowlatency_4.15.0-193.204_amd64.deb",
      "http://a.example/linux-headers-4.15.0-193_4.15.0-193.204_all.deb"
    ],
    "output": "0.1.1/ubuntu/x86_64/4.15.0-193-lowlatency",
    "driverversion": "0.1.1"
  }
]
`

func write(t testing.TB, elements []Element) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, elements); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// TestSameContentSameBytes shuffles what crawlers write in any order.
func TestSameContentSameBytes(t *testing.T) {
	for seed := range uint64(50) {
		var logged []string
		lists := sample(t, seed)
		if seed%3 == 0 { // the same list twice adds nothing
			lists = append(lists, sample(t, seed+1)...)
		}
		elements, counts, err := Build(lists, options(&logged))
		if err != nil {
			t.Fatal(err)
		}
		if got := write(t, elements); got != want {
			t.Fatalf("seed %d: got\n%s", seed, got)
		}
		if !strings.Contains(strings.Join(logged, "\n"), "ubuntu/x86_64/4.15.0-1008-oracle: build 4.15.0-1008.10 wins over build 4.15.0-1008.10~16.04.1") {
			t.Errorf("the log does not say which build won: %q", logged)
		}
		if seed%3 != 0 {
			wantCount := Count{Entries: 3, Kernels: 4, Older: 1, Elements: 3}
			if got := counts[Cell{"ubuntu", "x86_64"}]; got != wantCount {
				t.Errorf("counted %+v, want %+v", got, wantCount)
			}
		}
	}
}

func TestReadBack(t *testing.T) {
	elements, err := Read(strings.NewReader(want), "m.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := write(t, elements); got != want {
		t.Errorf("got\n%s", got)
	}
	if write(t, nil) != "[]\n" {
		t.Errorf("an empty matrix is %q", write(t, nil))
	}
	for input, want := range map[string]string{
		"":                   "truncated",
		want[:300]:           "truncated",
		"{}":                 "not a build matrix",
		"[] []":              "something follows",
		`[{"kversion":"1"}]`: "element 0 lacks",
		`[{"kversion":1}]`:   "not a build matrix",
		"[" + want[1:len(want)-2] + "," + want[1:]: "stands in it twice",
	} {
		if _, err := Read(strings.NewReader(input), "m.json"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v; want something with %q", input, err, want)
		}
	}
}

func TestRelease(t *testing.T) {
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{`.*`, []string{"5.10.96-90.460.amzn2.x86_64", "4.15.0-1008-oracle", "4.15.0-193-generic", "4.15.0-193-lowlatency"}},
		{`4\.15`, nil}, // the whole name, not a part of it
		{`4\.15.*|5.*`, []string{"5.10.96-90.460.amzn2.x86_64", "4.15.0-1008-oracle", "4.15.0-193-generic", "4.15.0-193-lowlatency"}},
		{`.*-generic`, []string{"4.15.0-193-generic"}},
		{`.*6\.[0-9]+\..*`, nil},
		{`.*0\.[0-9]+-.*`, []string{"5.10.96-90.460.amzn2.x86_64"}},
	} {
		re, err := CompileRelease(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		o := options(nil)
		o.Release = re
		elements, _, err := Build(sample(t, 1), o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range elements {
			got = append(got, e.KVersion)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s selects %q, want %q", c.pattern, got, c.want)
		}
	}
	for _, bad := range []string{"(", "a)|(b", "[", "*"} {
		if _, err := CompileRelease(bad); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", bad)) {
			t.Errorf("%q: got %v; want an error that shows the pattern", bad, err)
		}
	}
}

// names is a lock that knows two kernels.
type names map[string]string

func (n names) Release(k crawler.Kernel) (string, bool) {
	r, ok := n[k.Name]
	return r, ok
}

func TestNames(t *testing.T) {
	o := options(nil)
	o.Names = names{"4.15.0-1008-oracle": "4.15.0-1008-true", "4.15.0-193-generic": "4.15.0-193-generic"}
	if _, _, err := Build(sample(t, 1), o); err == nil || !strings.Contains(err.Error(), "2 kernels of the lists are not in the lock") {
		t.Errorf("got %v; want an error about unknown kernels", err)
	}
	o.AllowMissing = true
	elements, counts, err := Build(sample(t, 1), o)
	if err != nil || len(elements) != 2 || elements[0].KVersion != "4.15.0-1008-true" || elements[0].Output != "0.1.1/ubuntu/x86_64/4.15.0-1008-true" {
		t.Errorf("got %+v, %v", elements, err)
	}
	if c := counts[Cell{"ubuntu", "x86_64"}]; c.Unknown != 1 {
		t.Errorf("counted %+v, want one unknown", c)
	}
}

func TestMissing(t *testing.T) {
	o := options(nil)
	o.Distributions = []string{"ubuntu", "amazonlinux", "debian"} // amazonlinux is not amazonlinux2
	o.Arches = []string{"x86_64", "aarch64"}
	_, _, err := Build(sample(t, 1), o)
	if err == nil || !strings.Contains(err.Error(), "amazonlinux/x86_64, debian/x86_64, any list for aarch64") {
		t.Errorf("got %v; want an error that names what is missing", err)
	}
	// A distribution that is there and empty is a failed crawl as well.
	lists := sample(t, 1)
	lists[0].Distributions["ubuntu"] = nil
	if _, _, err := Build(lists, options(nil)); err == nil || !strings.Contains(err.Error(), "ubuntu/x86_64") {
		t.Errorf("got %v; want an error about the empty distribution", err)
	}
	o.AllowMissing = true
	elements, _, err := Build(sample(t, 1), o)
	if err != nil || len(elements) != 3 {
		t.Errorf("got %d elements, %v; want 3", len(elements), err)
	}
}

func TestOurLists(t *testing.T) {
	p := func(role, name string) crawler.Package {
		return crawler.Package{Role: role, Archive: "debian", Path: "pool/" + name, SHA256: strings.Repeat("0", 64), Size: 1}
	}
	lists := []*crawler.List{{Arch: "x86_64", Distributions: map[string][]crawler.Entry{"debian": {{
		KernelVersion: "1", KernelRelease: "6.1.192-2-amd64", Target: "debian", Packages: []crawler.Package{
			p(crawler.RoleHeaders, "h_6.1.192-2_amd64.deb"), p(crawler.RoleCommon, "c_6.1.192-2_all.deb"),
			p(crawler.RoleKbuildX8664, "k_6.1.99-1_amd64.deb"), p(crawler.RoleKbuildX8664, "k_6.1.192-2_amd64.deb"), p(crawler.RoleKbuildAarch64, "k_6.1.192-2_arm64.deb"),
			p(crawler.RoleImage, "i_6.1.192-2_amd64.deb"),
		},
	}}}}}
	o := options(nil)
	o.Distributions = []string{"debian"}
	elements, _, err := Build(lists, o)
	if want := []string{"debian:pool/c_6.1.192-2_all.deb", "debian:pool/h_6.1.192-2_amd64.deb", "debian:pool/k_6.1.192-2_amd64.deb"}; err != nil || !reflect.DeepEqual(elements[0].KernelURLs, want) {
		t.Errorf("got %+v, %v; want %q", elements, err, want)
	}
	o.ArchiveURLs = map[string]string{"debian": "https://mirror.example/debian/"}
	elements, _, err = Build(lists, o)
	if want := "https://mirror.example/debian/pool/c_6.1.192-2_all.deb"; err != nil || elements[0].KernelURLs[0] != want {
		t.Errorf("got %+v, %v; want %q", elements, err, want)
	}
}

func TestShrink(t *testing.T) {
	matrix := func(counts map[string]int) []Element {
		var out []Element
		for distribution, n := range counts {
			for i := range n {
				out = append(out, Element{Distribution: distribution, Architecture: "x86_64", KVersion: fmt.Sprintf("6.1.%d", i)})
			}
		}
		return out
	}
	before := matrix(map[string]int{"debian": 20, "ubuntu": 10})
	for _, c := range []struct {
		now       map[string]int
		tolerance float64
		want      string // of the error, "" for none
	}{
		{map[string]int{"debian": 20, "ubuntu": 10}, 0, ""},
		{map[string]int{"debian": 25, "ubuntu": 10, "fedora": 1}, 0, ""},
		{map[string]int{"debian": 19, "ubuntu": 30}, 0, "debian/x86_64 shrank from 20 to 19 kernels (gone: 6.1.19)"},
		{map[string]int{"debian": 19, "ubuntu": 10}, 5, ""},
		{map[string]int{"debian": 18, "ubuntu": 10}, 5, "debian/x86_64 shrank"},
		{map[string]int{"debian": 20}, 0, "ubuntu/x86_64 vanished; it had 10 kernels"},
		{map[string]int{"debian": 20}, 100, "ubuntu/x86_64 vanished"}, // no percentage allows this
		{nil, 0, "debian/x86_64 vanished"},
	} {
		err := CheckShrink(before, matrix(c.now), c.tolerance)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v with %v%%: got %v; want %q", c.now, c.tolerance, err, c.want)
		}
	}
}

func TestCheckDriverVersion(t *testing.T) {
	for _, good := range []string{"0.1.1", "1", "0.1.1-rc1+git.abc~2"} {
		if err := CheckDriverVersion(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "..", "../1", "1/2", "-1", "1..2", "1 2", "1\n"} {
		if CheckDriverVersion(bad) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(want))
	f.Add([]byte(`[{"kversion":"a","distribution":"b","architecture":"c","kernelurls":null}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		elements, err := Read(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		first := write(t, elements)
		again, err := Read(strings.NewReader(first), "again")
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := write(t, again); second != first {
			t.Fatalf("not stable:\n%s\n%s", first, second)
		}
	})
}
