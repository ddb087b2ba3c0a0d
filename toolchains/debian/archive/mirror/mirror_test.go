// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// aptDir makes an apt configuration of the given files.
func aptDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) string { return m[k] }
}

func TestDiscover(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# mirrors\nhttp://a.example/debian/\tpriority:1\nhttps://b.example/debian\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		files    map[string]string
		env      []string
		debian   []string
		security []string
	}{
		{
			name: "deb822 beside third parties",
			files: map[string]string{"sources.list.d/debian.sources": "Types: deb\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n" +
				"Components: main\n\nTypes: deb deb-src\nURIs:\n http://mirror.example/debian-security/\nSuites: bookworm-security\n",
				"sources.list.d/cloud.list":   "deb https://packages.example/apt cloud-sdk-bookworm main\n",
				"sources.list.d/node.sources": "Types: deb\nURIs: https://node.example/node\nSuites: nodistro\n"},
			debian:   []string{"http://mirror.example/debian"},
			security: []string{"http://mirror.example/debian-security"},
		},
		{
			name: "one-line with options, order kept, no doubles",
			files: map[string]string{"sources.list": "deb [arch=amd64 signed-by=/x.gpg] http://one.example/debian trixie main # x\n" +
				"deb http://one.example/debian/ trixie-updates main\n#deb http://off.example/debian trixie main\n" +
				"deb-src http://src.example/debian trixie main\n" +
				"deb\thttp://two.example/debian trixie main\n" +
				"deb http://sec.example/ trixie-security main\ndeb http://old.example/x buster/updates main\n"},
			debian:   []string{"http://one.example/debian", "http://two.example/debian"},
			security: []string{"http://sec.example"},
		},
		{
			name:     "disabled stanza",
			files:    map[string]string{"sources.list.d/a.sources": "Types: deb\nURIs: http://off.example/debian\nSuites: trixie\nEnabled: no\n"},
			debian:   nil,
			security: nil,
		},
		{
			name:     "sibling security archive",
			files:    map[string]string{"sources.list": "deb http://one.example/pub/debian trixie main\n"},
			debian:   []string{"http://one.example/pub/debian"},
			security: []string{"http://one.example/pub/debian-security"},
		},
		{
			name:     "environment after apt",
			files:    map[string]string{"sources.list": "deb http://one.example/debian trixie main\ndeb http://one.example/debian-security trixie-security main\n"},
			env:      []string{MirrorEnv, "https://mine.example/debian/"},
			debian:   []string{"http://one.example/debian", "https://mine.example/debian"},
			security: []string{"http://one.example/debian-security", "https://mine.example/debian-security"},
		},
		{
			name:     "mirror list, file and cdrom",
			files:    map[string]string{"sources.list": "deb mirror+file:" + list + " stable main\ndeb file:/srv/debian stable main\ndeb cdrom:[disc]/ stable main\n"},
			debian:   []string{"http://a.example/debian", "https://b.example/debian", "file:///srv/debian"},
			security: []string{"http://a.example/debian-security", "https://b.example/debian-security", "file:///srv/debian-security"},
		},
		{name: "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Discover(Options{AptDir: aptDir(t, c.files), Getenv: env(c.env...)})
			if got := s.Bases[Debian]; !reflect.DeepEqual(got, c.debian) {
				t.Errorf("debian: %q, want %q", got, c.debian)
			}
			if got := s.Bases[Security]; !reflect.DeepEqual(got, c.security) {
				t.Errorf("debian-security: %q, want %q", got, c.security)
			}
		})
	}
}

func TestLocateOrder(t *testing.T) {
	s := Discover(Options{
		AptDir:    aptDir(t, map[string]string{"sources.list": "deb http://one.example/debian trixie main\ndeb file:/srv/debian trixie main\n"}),
		Getenv:    env(DistdirEnv, "/dist", MirrorEnv, "http://mine.example/debian"),
		Snapshots: map[string]string{Debian: "20261120T000000Z"},
	})
	var got []string
	for _, l := range s.Locate(Debian, "pool/main/g/g++/g++_1%3a1_amd64.deb") {
		got = append(got, l.String())
	}
	want := []string{
		"/dist/g++_1%3a1_amd64.deb",
		"/dist/g++_1%253a1_amd64.deb",
		"/dist/bazel/g++_1%3a1_amd64.deb",
		"/dist/bazel/g++_1%253a1_amd64.deb",
		"/dist/packages/g++_1%3a1_amd64.deb",
		"/dist/packages/g++_1%253a1_amd64.deb",
		"http://one.example/debian/pool/main/g/g++/g++_1%253a1_amd64.deb",
		"/srv/debian/pool/main/g/g++/g++_1%3a1_amd64.deb",
		"http://mine.example/debian/pool/main/g/g++/g++_1%253a1_amd64.deb",
		"https://snapshot.debian.org/archive/debian/20261120T000000Z/pool/main/g/g++/g++_1%253a1_amd64.deb",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, l := range s.Locate(Security, "x") {
		if strings.Contains(l.URL, "snapshot") {
			t.Errorf("no timestamp for the security archive, but %s", l)
		}
	}
	if got := s.LocateURL("https://a.example/x/k.rpm?y=1"); got[0].Local != "/dist/k.rpm" || got[len(got)-1].URL != "https://a.example/x/k.rpm?y=1" {
		t.Errorf("LocateURL: %v", got)
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	l := Location{URL: "https://user:secret@mirror.example/debian/pool/g++_1%253a1~x_amd64.deb"}
	if got := l.String(); got != "https://mirror.example/debian/pool/g++_1%253a1~x_amd64.deb" {
		t.Error(got)
	}
}

func FuzzApt(f *testing.F) {
	f.Add("deb [arch=amd64] http://one.example/debian trixie main\n")
	f.Add("Types: deb\nURIs: http://a.example/debian\n file:/x\nSuites: trixie trixie-security\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range append(parseOneLine(text), parseDeb822(text)...) {
			for _, u := range expand(strings.ReplaceAll(e.uri, "mirror", "x"), "/nowhere") {
				if !strings.HasPrefix(u, "file:///") && !strings.Contains(u, "://") {
					t.Errorf("%q became %q", e.uri, u)
				}
			}
			e.archive()
		}
	})
}
