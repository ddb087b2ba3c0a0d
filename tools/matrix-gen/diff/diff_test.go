// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
	"github.com/tidelock/tidelock/tools/matrix-gen/lock"
	"github.com/tidelock/tidelock/tools/matrix-gen/matrix"
)

func element(kversion, driver string, urls ...string) matrix.Element {
	return matrix.Element{
		KVersion: kversion, Distribution: "fedora", Architecture: "x86_64", KernelURLs: urls,
		Output: driver + "/fedora/x86_64/" + kversion, DriverVersion: driver,
	}
}

func matrixSet(t *testing.T, elements ...matrix.Element) Set {
	t.Helper()
	set, err := FromMatrix(elements)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestCompare(t *testing.T) {
	before := matrixSet(t, element("1", "0.1", "https://a.example/1?a=b&c"), element("2", "0.1", "https://a.example/2"), element("3", "0.1"))
	after := matrixSet(t, element("4", "0.1"), element("2", "0.1", "https://b.example/2"), element("3", "0.1"))
	r := Compare(before, after)
	if r.Same() {
		t.Fatal("no difference was found")
	}
	var buf bytes.Buffer
	if err := r.WriteJSON(&buf); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(buf.String(), "1?a=b&c") {
		t.Error("a URL was escaped")
	}
	var got struct {
		Added, Removed []matrix.Element
		Changed        []struct {
			Key      string
			Fields   []string
			Old, New matrix.Element
		}
	}
	if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Added) != 1 || got.Added[0].KVersion != "4" || len(got.Removed) != 1 || got.Removed[0].KVersion != "1" ||
		len(got.Changed) != 1 || got.Changed[0].Key != "fedora/x86_64/2" || !reflect.DeepEqual(got.Changed[0].Fields, []string{"kernelurls"}) ||
		got.Changed[0].Old.KernelURLs[0] != "https://a.example/2" || got.Changed[0].New.KernelURLs[0] != "https://b.example/2" {
		t.Errorf("got %+v", got)
	}
	buf.Reset()
	if err := r.WriteTable(&buf, 2); err != nil {
		t.Fatal(err)
	}
	want := `  distribution/arch  added  changed  removed  same
      fedora/x86_64      1        1        1     1
                all      1        1        1     1

+ fedora/x86_64/4
~ fedora/x86_64/2: kernelurls
… and 1 more
`
	if buf.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &buf, want)
	}
}

func TestSame(t *testing.T) {
	r := Compare(matrixSet(t, element("1", "0.1")), matrixSet(t, element("1", "0.1")))
	var table, document bytes.Buffer
	if err := r.WriteTable(&table, -1); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&document); err != nil {
		t.Fatal(err)
	}
	if !r.Same() || table.String() != "no difference in 1 kernels\n" || strings.Contains(document.String(), "null") {
		t.Errorf("got %q, %s", &table, &document)
	}
}

// TestDriverVersion: a new driver version changes every element.
func TestDriverVersion(t *testing.T) {
	r := Compare(matrixSet(t, element("1", "0.1"), element("2", "0.1")), matrixSet(t, element("1", "0.2"), element("2", "0.2")))
	if len(r.Changed) != 2 || !reflect.DeepEqual(r.Changed[0].Fields, []string{"driverversion", "output"}) {
		t.Errorf("got %+v", r.Changed)
	}
}

func TestLock(t *testing.T) {
	file := func(sum, tls string) *lock.File {
		return &lock.File{
			Packages: map[string]lock.Package{"h.deb": {URL: "https://a.example/h.deb", SHA256: strings.Repeat(sum, 64), Size: 1}},
			Kernels: []lock.Kernel{{Distribution: "debian", Arch: "x86_64", Release: "6.1",
				Config: map[string]string{"TLS": tls}, Packages: map[string]string{"headers": "h.deb"}}},
		}
	}
	set := func(f *lock.File) Set {
		s, err := FromLock(f)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	r := Compare(set(file("a", "m")), set(file("b", "n")))
	if len(r.Changed) != 1 || !reflect.DeepEqual(r.Changed[0].Fields, []string{"config.TLS", "packages.headers.sha256"}) {
		t.Errorf("got %+v", r.Changed)
	}
}

// TestCrawl: the order in which a crawler writes makes no difference, nor does
// an older build beside a newer one.
func TestCrawl(t *testing.T) {
	read := func(text string) Set {
		l, err := crawler.Read(strings.NewReader(text), "x")
		if err != nil {
			t.Fatal(err)
		}
		l.Arch = "x86_64"
		s, err := FromCrawl(l)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const a = `{"kernelversion":"2","kernelrelease":"5.1-a","target":"fedora","headers":["http://b.example/x.rpm","http://a.example/x.rpm"]}`
	const aSwapped = `{"kernelversion":2,"kernelrelease":"5.1-a","target":"fedora","headers":["http://a.example/x.rpm","http://b.example/y/../x.rpm"]}`
	const older = `{"kernelversion":"1","kernelrelease":"5.1-a","target":"fedora","headers":["http://a.example/w.rpm"]}`
	const b = `{"kernelversion":"1","kernelrelease":"5.1-b","target":"fedora","headers":["http://a.example/z.rpm"]}`
	one, two := read(`{"Fedora":[`+a+`,`+b+`]}`), read(`{"fedora":[`+b+`,`+older+`,`+aSwapped+`]}`)
	if r := Compare(one, two); !r.Same() {
		t.Errorf("got %+v; want no difference", r)
	}
	if r := Compare(one, read(`{"fedora":[`+older+`,`+b+`]}`)); len(r.Changed) != 1 || r.Changed[0].Key != "fedora/x86_64/5.1-a" {
		t.Errorf("got %+v; want one change", r)
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]string{
		" \n[]": KindMatrix, `{"schema":1,"kernels":[]}`: KindLock, `{"debian":[]}`: KindCrawl, "": KindCrawl, `{"schema":1,"ker`: KindCrawl,
	} {
		if got := Detect([]byte(text)); got != want {
			t.Errorf("%q is a %s, want %s", text, got, want)
		}
	}
}
