// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

const small = `{
  "schema": 1,
  "archives": {
    "debian": {
      "snapshot": "20261120T000000Z"
    }
  },
  "packages": {
    "h_1_amd64.deb": {
      "archive": "debian",
      "path": "pool/h_1_amd64.deb",
      "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "size": 7
    }
  },
  "kernels": [
    {
      "distribution": "debian",
      "arch": "x86_64",
      "release": "6.1.0-56-amd64",
      "alias": "6.1.192-2-amd64",
      "version": "6.1.192-2",
      "series": "6.1",
      "flavour": "generic",
      "format": "deb",
      "kbuild": "rebuild",
      "compiler": {
        "name": "gcc",
        "major": 12,
        "text": "gcc-12 (Debian 12.2.0-14) 12.2.0"
      },
      "config": {
        "TLS": "m"
      },
      "packages": {
        "headers": "h_1_amd64.deb"
      },
      "archived": false
    }
  ]
}
`

func TestParseAndWrite(t *testing.T) {
	f, err := Parse([]byte(small), "small")
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, f); got != small {
		t.Errorf("writing what was read gives\n%s", got)
	}
	if lists := f.Lists(); len(lists) != 1 || lists[0].Arch != "x86_64" || lists[0].Distributions["debian"][0].Headers[0] != "debian:pool/h_1_amd64.deb" {
		t.Errorf("as a list it is %+v", lists)
	}
	names := f.Names()
	for _, c := range []struct {
		kernel crawler.Kernel
		want   string
	}{
		{crawler.Kernel{Distribution: "debian", Arch: "x86_64", Name: "6.1.192-2-amd64"}, "6.1.0-56-amd64"},
		{crawler.Kernel{Distribution: "debian", Arch: "x86_64", Name: "6.1.0-56-amd64"}, "6.1.0-56-amd64"},
		{crawler.Kernel{Distribution: "debian", Arch: "x86_64", Name: "6.1.191-1-amd64", Release: "6.1.0-56-amd64"}, "6.1.0-56-amd64"},
		{crawler.Kernel{Distribution: "debian", Arch: "aarch64", Name: "6.1.192-2-amd64"}, ""},
		{crawler.Kernel{Distribution: "ubuntu", Arch: "x86_64", Name: "6.1.192-2-amd64"}, ""},
	} {
		if got, ok := names.Release(c.kernel); got != c.want || ok != (c.want != "") {
			t.Errorf("%+v is %q, %v; want %q", c.kernel, got, ok, c.want)
		}
	}
}

func TestParseFaults(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{small, "", "truncated"},
		{small[200:], "", "truncated"},
		{"\n}\n", "\n}\n{}", "something follows"},
		{`"schema": 1`, `"schema": 2`, "its schema is 2"},
		{`"archived": false`, `"archived": 0`, "bool"},
		{`"archived": false`, `"archivd": false`, `unknown field "archivd"`},
		{`"snapshot": "20261120T000000Z"`, "", `the archive "debian" has no snapshot`},
		{`"path": "pool/h_1_amd64.deb"`, `"path": "../h"`, "not a plain relative path"},
		{`"path": "pool/h_1_amd64.deb"`, `"path": "/etc/passwd"`, "not a plain relative path"},
		{`"path": "pool/h_1_amd64.deb"`, `"url": "https://mirror.example/h.deb"`, "either archive and path, or url"},
		{`"sha256": "a`, `"sha256": "A`, "is not a sha256"},
		{`"size": 7`, `"size": 0`, "the size is missing"},
		{`"headers": "h_1_amd64.deb"`, `"headers": "x.deb"`, `headers package "x.deb" is not among the packages`},
		{`"headers": "h_1_amd64.deb"`, `"common": "h_1_amd64.deb"`, "no header package"},
		{`"release": "6.1.0-56-amd64"`, `"release": "../6.1"`, `"../6.1" cannot be the release`},
		{`"release": "6.1.0-56-amd64"`, `"release": ""`, `cannot be the release`},
		{`    "h_1_amd64.deb": {`, `    "../h_1_amd64.deb": {`, "not a file name"},
	} {
		data := strings.Replace(small, c.old, c.new, 1)
		if data == small {
			t.Fatalf("%q is not in the sample", c.old)
		}
		if _, err := Parse([]byte(data), "x.lock.json"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.lock.json: ") {
			t.Errorf("%q for %q: got %v; want something with %q", c.new, c.old, err, c.want)
		}
	}
	begin, end := strings.Index(small, "    {\n      \"distribution"), strings.Index(small, "\n  ]\n}")
	twice := small[:end] + ",\n" + small[begin:end] + small[end:]
	if _, err := Parse([]byte(twice), "x"); err == nil || !strings.Contains(err.Error(), "stands in it twice") {
		t.Errorf("a kernel that stands twice: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"schema":1,"archives":{},"packages":{},"kernels":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data, "fuzz")
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := file.Write(&first); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := Parse(first.Bytes(), "again")
		if err != nil {
			t.Fatalf("%v\n%s", err, &first)
		}
		if err := again.Write(&second); err != nil {
			t.Fatal(err)
		}
		if first.String() != second.String() {
			t.Fatalf("not stable:\n%s\n%s", &first, &second)
		}
	})
}
