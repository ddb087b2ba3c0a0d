// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

const sample = `{
  "PhotonOS": [
    {"kernelversion": 1, "kernelrelease": "4.19.15-2.ph3", "target": "photon",
     "headers": ["https://mirror.example/linux-devel-4.19.15-2.ph3.x86_64.rpm"]}
  ],
  "debian": [
    {"kernelversion": "1", "kernelrelease": "6.1.192-2-cloud-amd64", "target": "debian",
     "headers": "http://mirror.example/pool/linux-headers-6.1.0-56-cloud-amd64_6.1.192-2_amd64.deb",
     "new_field": {"a": [1, null, true]}}
  ],
  "minikube": [
    {"kernelversion": "1_1.26.0", "kernelrelease": "5.10.57", "target": "minikube", "headers": null, "kernelconfigdata": "Q09ORklH"}
  ]
}
`

func TestReadVariants(t *testing.T) {
	list, err := Read(strings.NewReader(sample), "sample.json")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]Entry{
		"photon": {{KernelVersion: "1", KernelRelease: "4.19.15-2.ph3", Target: "photon",
			Headers: []string{"https://mirror.example/linux-devel-4.19.15-2.ph3.x86_64.rpm"}}},
		"debian": {{KernelVersion: "1", KernelRelease: "6.1.192-2-cloud-amd64", Target: "debian",
			Headers: []string{"http://mirror.example/pool/linux-headers-6.1.0-56-cloud-amd64_6.1.192-2_amd64.deb"}}},
		"minikube": {{KernelVersion: "1_1.26.0", KernelRelease: "5.10.57", Target: "minikube", KernelConfigData: "Q09ORklH"}},
	}
	if !reflect.DeepEqual(list.Distributions, want) {
		t.Errorf("got  %+v\nwant %+v", list.Distributions, want)
	}
	if len(list.Warnings) != 0 || list.Arch != "" {
		t.Errorf("warnings %q, arch %q; want none", list.Warnings, list.Arch)
	}
}

func TestReadMergesSpellings(t *testing.T) {
	entry := `[{"kernelversion":1,"kernelrelease":"%","target":"amazonlinux2","headers":[]}]`
	list, err := Read(strings.NewReader(`{"AmazonLinux2":`+strings.Replace(entry, "%", "5.10.1-1.amzn2.x86_64", 1)+
		`,"amazonlinux2":`+strings.Replace(entry, "%", "5.10.2-1.amzn2.x86_64", 1)+`}`), "x")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list.Distributions["amazonlinux2"]); n != 2 {
		t.Errorf("got %d entries, want 2", n)
	}
	if len(list.Warnings) != 1 {
		t.Errorf("got warnings %q, want one", list.Warnings)
	}
}

func TestReadFaults(t *testing.T) {
	entry := func(fields string) string { return "{\n \"debian\": [\n  {" + fields + "}\n ]\n}" }
	const rest = `,"kernelversion":"1","target":"debian","headers":[]`
	for _, c := range []struct {
		name, input string
		line, col   int64
		want        string
	}{
		{"empty", "", 1, 1, "the file is empty"},
		{"truncated", sample[:200], int64(strings.Count(sample[:200], "\n")) + 1, 0, "truncated"},
		{"truncated in a word", `{"debian": [{"kernelversion": tr`, 1, 0, "truncated"},
		{"not an object", `[]`, 1, 0, "expected an object with a list for each distribution, found a list"},
		{"not JSON", "{\n\"debian\": oops}", 2, 0, "not valid JSON"},
		{"HTML", "<html>", 1, 1, "not valid JSON"},
		{"crawler's errors first", "[ERROR] Timeout while fetching data for distro 'debian'\n{}", 1, 1, "crawler's own error"},
		{"two documents", "{}\n{}", 2, 0, "should end here"},
		{"distribution is no list", `{"debian": {}}`, 1, 0, "expected a list of kernels, found an object"},
		{"distribution twice", `{"debian": [], "debian": []}`, 1, 0, `the key "debian" stands twice`},
		{"field twice", entry(`"target":"debian","target":"debian"`), 3, 0, `the key "target" stands twice`},
		{"entry is no object", `{"debian": [1]}`, 1, 0, "expected an object for one kernel, found the number 1"},
		{"release is a number", entry(`"kernelrelease": 6` + rest), 3, 0, "expected a string, found the number 6"},
		{"release leads out", entry(`"kernelrelease": "../../etc"` + rest), 3, 0, "cannot be a kernel's name"},
		{"release with dots", entry(`"kernelrelease": "6.1..2"` + rest), 3, 0, "cannot be a kernel's name"},
		{"release missing", entry(rest[1:]), 3, 0, `no "kernelrelease"`},
		{"version is a fraction", entry(`"kernelrelease":"6.1","kernelversion":1.5`), 3, 0, "expected a string or a whole number, found the number 1.5"},
		{"version is null", entry(`"kernelrelease":"6.1","kernelversion":null`), 3, 0, "found null"},
		{"version is a list", entry(`"kernelrelease":"6.1","kernelversion":[1]`), 3, 0, "found a list"},
		{"headers hold a number", entry(`"headers":["http://mirror.example/a.deb", 7]`), 3, 0, "expected a string, found the number 7"},
		{"headers are a number", entry(`"headers":7`), 3, 0, "expected a list of URLs, found the number 7"},
		{"configuration is a number", entry(`"kernelconfigdata":7`), 3, 0, "expected a string, found number"},
		{"package without place", entry(`"packages":[{"role":"headers"}]`), 3, 0, `either "archive" and "path", or "url"`},
		{"package leads out", entry(`"packages":[{"role":"headers","archive":"debian","path":"../a.deb"}]`), 3, 0, "not a plain relative path"},
		{"package with bad sum", entry(`"packages":[{"role":"headers","url":"http://mirror.example/a","sha256":"AB"}]`), 3, 0, "not a sha256"},
		{"schema from the future", `{"tidelock":[{"schema":2,"arch":"x86_64"}]}`, 1, 0, "schema 2 is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.input), "list.json")
			var fault *SyntaxError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "list.json:") {
				t.Errorf("got %q, want something with %q", err, c.want)
			}
			if fault.Line != c.line || c.col != 0 && fault.Column != c.col {
				t.Errorf("got line %d column %d, want %d:%d: %v", fault.Line, fault.Column, c.line, c.col, err)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message has several lines: %q", err)
			}
		})
	}
}

// ours is a list with everything that the crawl verb adds.
func ours() *List {
	return &List{
		Arch:     "x86_64",
		Archives: map[string]Archive{"debian": {Snapshot: "20261120T000000Z"}},
		Distributions: map[string][]Entry{"debian": {
			{KernelVersion: "1", KernelRelease: "6.1.192-2-amd64", Target: "debian", Release: "6.1.0-56-amd64", Version: "6.1.192-2",
				Headers: []string{"debian:pool/b.deb", "debian:pool/a.deb"},
				Packages: []Package{
					{Role: RoleHeaders, Archive: "debian", Path: "pool/b.deb", SHA256: strings.Repeat("ab", 32), Size: 7},
					{Role: RoleCommon, Archive: "debian", Path: "pool/a.deb", SHA256: strings.Repeat("cd", 32), Size: 8},
				}},
			{KernelVersion: "1", KernelRelease: "5.10.1-1-amd64", Target: "debian", Headers: []string{"http://mirror.example/x?a=1&b=2"}},
		}},
	}
}

func TestWriteIsCanonicalAndReadable(t *testing.T) {
	var first bytes.Buffer
	if err := ours().Write(&first); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(first.String(), "a=1&b=2") {
		t.Error("the URL was escaped")
	}
	shuffled := ours()
	entries := shuffled.Distributions["debian"]
	entries[0], entries[1] = entries[1], entries[0]
	e := &entries[1]
	e.Headers[0], e.Headers[1] = e.Headers[1], e.Headers[0]
	e.Packages[0], e.Packages[1] = e.Packages[1], e.Packages[0]
	var second bytes.Buffer
	if err := shuffled.Write(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("the order of the input shows:\n%s\n%s", &first, &second)
	}
	list, err := Read(&second, "x")
	if err != nil {
		t.Fatal(err)
	}
	var third bytes.Buffer
	if err := list.Write(&third); err != nil {
		t.Fatal(err)
	}
	if first.String() != third.String() {
		t.Errorf("writing what was read gives something else:\n%s\n%s", &first, &third)
	}
	if list.Arch != "x86_64" || list.Archives["debian"].Snapshot != "20261120T000000Z" {
		t.Errorf("arch %q, archives %v", list.Arch, list.Archives)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	var buf bytes.Buffer
	if err := ours().Write(&buf); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte(`{"debian": [{"kernelversion": 1e3}]}`))
	f.Add([]byte(`{"ubuntu":[{"kernelversion":"9","kernelrelease":"5.3.0-66-hwe","target":"ubuntu-hwe","headers":["http://m.example/linux-headers-5.3.0-66-generic_5.3.0-66.60_amd64.deb"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Read(bytes.NewReader(data), "fuzz")
		if err != nil {
			var fault *SyntaxError
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for name, entries := range list.Distributions {
			for _, e := range entries {
				kernels, err := e.Kernels(name, "x86_64")
				if err != nil {
					continue
				}
				for _, k := range kernels {
					if k.Name == "" || len(k.Files) == 0 {
						t.Fatalf("a kernel without name or files: %+v of %+v", k, e)
					}
				}
			}
		}
		// What was read can be written, and then reads as the same.
		var first, second bytes.Buffer
		if err := list.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(first.Bytes()), "again")
		if err != nil {
			t.Fatalf("%v\n%s", err, first.Bytes())
		}
		if err := again.Write(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("not stable:\n%s\n%s", &first, &second)
		}
	})
}
