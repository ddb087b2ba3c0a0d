// SPDX-License-Identifier: Apache-2.0

package depends

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
)

func TestParse(t *testing.T) {
	for field, want := range map[string]string{
		"":                                   "[]",
		"  ":                                 "[]",
		"libc6 (>= 2.38)":                    "[libc6 (>= 2.38)]",
		"libc6(>=2.38),zlib1g ( << 1:2-3 )":  "[libc6 (>= 2.38) zlib1g (<< 1:2-3)]",
		"a1 | b2 (= 1) | c3,\n d4:any":       "[a1 | b2 (= 1) | c3 d4:any]",
		"python3:any (>= 3.5~), g++ , x.y-z": "[python3:any (>= 3.5~) g++ x.y-z]",
		"a1,":                                "[a1]",
	} {
		got, err := Parse(field)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: %v %v, want %s", field, got, err, want)
		}
	}
	for _, field := range []string{"| a", "a (1)", "a (>= )", "a (>= 1", "a >= 1", "a (~ 1)", "(>= 1)", "a:", "-a", "a b", "a (>= 1) x", "a (>= 1_2)", "ä"} {
		if got, err := Parse(field); err == nil {
			t.Errorf("%q gives %v", field, got)
		}
	}
}

// world makes a universe of lines "suite name version field: value; ...".
func world(t *testing.T, lines ...string) *Universe {
	t.Helper()
	u := NewUniverse()
	for _, l := range lines {
		f := strings.SplitN(l, " ", 4)
		p := &index.Package{Suite: f[0], Name: f[1], Version: f[2], Arch: "amd64"}
		if len(f) == 4 {
			for x := range strings.SplitSeq(f[3], ";") {
				k, v, _ := strings.Cut(strings.TrimSpace(x), ":")
				switch k {
				case "D":
					p.Depends = v
				case "PD":
					p.PreDepends = v
				case "P":
					p.Provides = v
				default:
					t.Fatalf("%q", l)
				}
			}
		}
		if err := u.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	return u
}

func TestClosure(t *testing.T) {
	u := world(t,
		"old gcc 10 D: cpp (= 10), libc6 (>= 1), as1 | as2, awk",
		"old cpp 10",
		"old libc6 1 D: crypt",
		"new libc6 2 D: gccbase, debconf",
		"new gcc 14",
		"new gccbase 14",
		"new debconf 1 D: perl",
		"new perl 5",
		"old as2 1 PD: dpkg",
		"old dpkg 1", "old dpkg 3", "old dpkg 2",
		"old mawk 1 P: awk", "old gawk 5 P: awk (= 5), gnuawk", "new bawk 1 P: awk",
		"old user 1 D: awk (>= 4)",
		"old both 1 D: gnuawk, awk",
		"old loop1 1 D: loop2", "old loop2 1 D: loop1",
	)
	for _, c := range []struct {
		name string
		r    Request
		want string
	}{
		{"order, pin, exclude, alternative, pre-depends, newest, provider by name",
			Request{Suites: []string{"old", "new"}, Packages: []string{"gcc"}, Pin: map[string]string{"libc6": "new"}, Exclude: []string{"debconf"}},
			"as2_1 cpp_10 dpkg_3 gawk_5 gcc_10 gccbase_14 libc6_2"},
		{"a provider that is there already is taken", Request{Suites: []string{"old", "new"}, Packages: []string{"mawk", "both"}}, "both_1 gawk_5 mawk_1"},
		{"a versioned condition needs a versioned Provides", Request{Suites: []string{"old"}, Packages: []string{"mawk", "user"}}, "gawk_5 mawk_1 user_1"},
		{"an excluded provider is passed over", Request{Suites: []string{"old", "new"}, Packages: []string{"both"}, Exclude: []string{"gnuawk", "gawk"}}, "both_1 mawk_1"},
		{"loops end", Request{Suites: []string{"old"}, Packages: []string{"loop1"}}, "loop1_1 loop2_1"},
		{"first suite wins", Request{Suites: []string{"new", "old"}, Packages: []string{"gcc"}}, "gcc_14"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := u.Closure(c.r)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range res.Packages {
				got = append(got, p.Name+"_"+p.Version)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %s, want %s", strings.Join(got, " "), c.want)
			}
		})
	}
}

func TestClosureTellsWhichExclusionsCount(t *testing.T) {
	u := world(t, "s a1 1 D: b2, c3", "s b2 1", "s c3 1")
	res, err := u.Closure(Request{Suites: []string{"s"}, Packages: []string{"a1"}, Exclude: []string{"b2", "never"}})
	if err != nil || !reflect.DeepEqual(res.Excluded, []string{"b2"}) {
		t.Errorf("%v %v", res, err)
	}
}

func TestClosureErrors(t *testing.T) {
	u := world(t,
		"old top 1 D: mid", "old mid 1 D: gone | also-gone", "old vers 1 D: lib (>= 2)", "old lib 1", "new lib 2",
		"old twice 1 D: vers2, lib", "old vers2 1 D: lib (>= 2)", "old bad 1 D: a (",
	)
	for name, want := range map[string][]string{
		"none": {"no package none in old, new"},
		"top":  {"top > mid needs gone | also-gone", "no package gone", "no package also-gone"},
		"vers": {"vers needs lib (>= 2)", "old has lib 1", "pin it"},
		"bad":  {"bad: dependency"},
	} {
		_, err := u.Closure(Request{Suites: []string{"old", "new"}, Packages: []string{name}})
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %q", name, err, w)
			}
		}
	}
	_, err := u.Closure(Request{Suites: []string{"old"}, Packages: []string{"lib", "vers"}})
	if err == nil || !strings.Contains(err.Error(), "was chosen already") {
		t.Errorf("%v", err)
	}
	if _, err := u.Closure(Request{Suites: []string{"old"}, Packages: []string{"vers"}, Pin: map[string]string{"lib": "new"}}); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("libc6 (>= 2.38), a1 | b2 (= 1), python3:any")
	f.Fuzz(func(t *testing.T, field string) {
		got, err := Parse(field)
		if err != nil {
			return
		}
		parts := make([]string, len(got))
		for i, a := range got {
			parts[i] = a.String()
		}
		again, err := Parse(strings.Join(parts, ", "))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("%q: %v reads back as %v %v", field, got, again, err)
		}
	})
}
