// SPDX-License-Identifier: Apache-2.0

package debs

import (
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
)

func TestNewest(t *testing.T) {
	const both = `bazel-bootstrap | 8.1.0+ds-1 | http://mirror.example/debian sid/main amd64 Packages
bazel-bootstrap | 7.7.1+ds-8+b1 | http://mirror.example/debian sid/main amd64 Packages
bazel-bootstrap | 7.6.0+ds-1 | http://mirror.example/debian sid/main amd64 Packages
`
	for _, c := range []struct{ madison, major, want, err string }{
		{both, "7", "7.7.1+ds-8+b1", ""},
		{both, "8", "8.1.0+ds-1", ""},
		{both, "9", "", "wanted 9.x"},
		{both, "77", "", "wanted 77.x"},
		{"", "7", "", "no package bazel-bootstrap"},
		{"W: something else\n", "7", "", "no package bazel-bootstrap"},
	} {
		got, err := newest(c.madison, c.major)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("newest %s: %q, %v; want %q, %q", c.major, got, err, c.want, c.err)
		}
	}
}

const uris = `'http://mirror.example/debian/pool/main/n/netty/libnetty-java_4.1.48-16_all.deb' libnetty-java_1%3a4.1.48-16_all.deb 2864168 SHA256:db5c595a
'http://mirror.example/debian/pool/main/g/grpc/libgrpc%2b%2b1.51t64_1.51.1-10%2bb1_amd64.deb' libgrpc++1.51t64_1.51.1-10+b1_amd64.deb 525596 SHA256:28f66ccc
`

func TestParseURIs(t *testing.T) {
	ps, err := parseURIs(uris)
	if err != nil {
		t.Fatal(err)
	}
	if len(ps) != 2 {
		t.Fatalf("%d packages", len(ps))
	}
	want := lockfile.Package{Name: "libnetty-java", Version: "1:4.1.48-16", Arch: "all", Archive: "debian",
		Path: "pool/main/n/netty/libnetty-java_4.1.48-16_all.deb", SHA256: "db5c595a", Size: 2864168}
	if ps[0] != want {
		t.Errorf("got %+v, want %+v", ps[0], want)
	}
	if ps[1].Path != "pool/main/g/grpc/libgrpc++1.51t64_1.51.1-10+b1_amd64.deb" {
		t.Errorf("the path is %s", ps[1].Path)
	}
	for _, c := range []struct{ line, want string }{
		{"'http://mirror.example/pool/a_1_all.deb' a_1_all.deb 7 MD5Sum:00", "no SHA256"},
		{"'http://mirror.example/pool/a_1_all.deb' a_1_all.deb x SHA256:00", "size"},
		{"'http://mirror.example/pool/a_1_all.deb' a_1.deb 7 SHA256:00", "name_version_arch"},
		{"'http://mirror.example/a_1_all.deb' a_1_all.deb 7 SHA256:00", "pool"},
		{"'http://mirror.example/pool/%zz' a_1_all.deb 7 SHA256:00", "escape"},
		{"Reading package lists...", "expected"},
	} {
		if _, err := parseURIs(c.line); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.line, err, c.want)
		}
	}
}

func FuzzParseURIs(f *testing.F) {
	f.Add(uris)
	f.Add("''' a_b_c.deb 0 SHA256:")
	f.Fuzz(func(t *testing.T, text string) {
		ps, err := parseURIs(text)
		if err != nil {
			return
		}
		for _, p := range ps {
			if !strings.HasPrefix(p.Path, "pool/") {
				t.Fatalf("%q leads out of the pool", p.Path)
			}
		}
	})
}
