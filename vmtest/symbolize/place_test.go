// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	exact := func(p Place) Place { p.Exact = true; return p }
	f := Place{Name: "f", Offset: 0x12, Size: 0x34}
	for _, c := range []struct {
		line string
		want []Place
	}{
		// A frame of a trace, with what may stand before and behind it.
		{"f+0x12/0x34", []Place{f}},
		{"[   12.345678]  f+0x12/0x34", []Place{f}},
		{"[   12.345678][  T99]  ? f+0x12/0x34\r", []Place{f}},
		{"<4>[   12.345678]  f+0x12/0x34 (C)", []Place{f}},
		{"[<0>] f+0x12/0x34", []Place{f}},
		{"[   12.3]  ? f+0x12/0x34 [tidelock]", []Place{{Name: "f", Offset: 0x12, Size: 0x34, Module: "tidelock"}}},
		{" f+0x12/0x34 [a-b 0123456789abcdef0123456789abcdef01234567]", []Place{{Name: "f", Offset: 0x12, Size: 0x34, Module: "a_b"}}},
		{"text without an end[   12.345678]  f+0x12/0x34", []Place{f}},
		// The compiler's names.
		{" f.isra.0+0x12/0x34", []Place{{Name: "f.isra.0", Offset: 0x12, Size: 0x34}}},
		{" __f.constprop.0.cold+0x12/0x34", []Place{{Name: "__f.constprop.0.cold", Offset: 0x12, Size: 0x34}}},
		// The instruction itself.
		{"[   12.3] RIP: 0010:f+0x12/0x34", []Place{exact(f)}},
		{"[   12.3] pc : f+0x12/0x34", []Place{exact(f)}},
		{"[   12.3] WARNING: CPU: 1 PID: 9 at net/x.c:12 f+0x12/0x34", []Place{exact(f)}},
		{"[   12.3] WARNING: net/x.c:12 at f+0x12/0x34, CPU#1: insmod/9", []Place{exact(f)}},
		{"[   12.3]  f+0x12/0x34 (P)", []Place{exact(f)}},
		{"[   12.3]  f+0x12/0x34 (PL)", []Place{exact(f)}},
		{"[   12.3] object type: timer_list hint: f+0x0/0x34", []Place{exact(Place{Name: "f", Size: 0x34})}},
		// A return address.
		{"[   12.3] lr : f+0x12/0x34", []Place{f}},
		{"[   12.3] BUG: KASAN: use-after-free in f+0x12/0x34", []Place{f}},
		{"[   12.3]  #0: ffff8880 (&x){+.+.}-{3:3}, at: f+0x12/0x34", []Place{f}},
		{" f+0x34/0x34", []Place{{Name: "f", Offset: 0x34, Size: 0x34}}},
		// Two in a line.
		{"BUG: KCSAN: data-race in f+0x12/0x34 / g+0x1/0x2 [m]", []Place{f, {Name: "g", Offset: 1, Size: 2, Module: "m"}}},
		// None.
		{"", nil},
		{"RIP: 0033:0x40866e", nil},
		{"f+0x35/0x34", nil},
		{"f+0x12", nil},
		{strings.Repeat("x", maxName+1) + "+0x12/0x34", nil},
		{"f+12/34", nil},
		{"f+0x12/0x11111111111111111", nil},
		{"+0x12/0x34", nil},
		{"\xfff+0x12/0x34", nil},
		{strings.Repeat("x", maxLine) + " f+0x12/0x34", nil},
	} {
		var r reader
		if got := r.places([]byte(c.line)); !slices.Equal(got, c.want) {
			t.Errorf("%.100q: %+v, want %+v", c.line, got, c.want)
		}
	}
}

// arm64 begins the trace of an exception with the place of the exception.
func TestTraceBeginsWithThePC(t *testing.T) {
	var r reader
	var got []bool
	for _, line := range []string{" f+0x12/0x34", "pc : f+0x12/0x34", "lr : f+0x12/0x34", " f+0x12/0x34", " g+0x12/0x34", "pc : g+0x12/0x34", " f+0x12/0x34"} {
		got = append(got, r.places([]byte(line))[0].Exact)
	}
	if want := []bool{false, true, false, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Whole consoles of real guests: each frame of their traces is seen.
func TestRealConsoles(t *testing.T) {
	for file, want := range map[string]int{"crash-aarch64.log": 18, "crash-x86_64.log": 16} {
		data, err := os.ReadFile(filepath.Join("../splat/testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		var r reader
		n := 0
		for _, line := range strings.Split(string(data), "\n") {
			n += len(r.places([]byte(line)))
		}
		if n != want {
			t.Errorf("%s: %d places, want %d", file, n, want)
		}
	}
}

func TestParsePlace(t *testing.T) {
	if p, err := ParsePlace("f+0x12/0x34 [m]"); err != nil || p.String() != "f+0x12/0x34 [m]" {
		t.Errorf("%v, %v", p, err)
	}
	for _, bad := range []string{"", "f", "f+0x12", "a f+0x12/0x34", "f+0x12/0x34 ", "f+0x1/0x2 g+0x1/0x2"} {
		if _, err := ParsePlace(bad); err == nil || !strings.Contains(err.Error(), "is not of the form") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add([]byte("[   12.3]  ? f.isra.0+0x12/0x34 [m]\n"))
	f.Add([]byte("pc : f+0x12/0x34\nlr : g+0x1/0x2 [m-n 0123456789]\r\n f+0x12/0x34 (P)"))
	f.Add([]byte("RIP: 0010:x+0x0/0x2\n\xff\x00+0x1/0x2 / a+0xffffffffffffffff/0xffffffffffffffff"))
	s, err := Open("", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r reader
		for _, p := range r.places(text) {
			if p.Name == "" || p.Offset > p.Size || strings.ContainsAny(p.String(), "\n\r") {
				t.Errorf("%q: %+v", text, p)
			}
			again, err := ParsePlace(p.String())
			if again.Exact = p.Exact; err != nil || again != p {
				t.Errorf("%v becomes %v, %v", p, again, err)
			}
		}
		// Without a file nothing may change.
		if got := s.Text(text); string(got) != string(text) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
