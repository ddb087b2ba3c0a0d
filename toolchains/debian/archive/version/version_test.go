// SPDX-License-Identifier: Apache-2.0

package version

import (
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0},
		{"1.0", "1.1", -1},
		{"1.9", "1.10", -1},
		{"1.0", "1.0.0", -1},
		{"0:1.0", "1.0", 0},
		{"1:0.1", "9.9", 1},
		{"1.0-1", "1.0-2", -1},
		{"1.0", "1.0-0", 0},
		{"1.0-0", "1.0-00", 0},
		{"1.0", "1.0-1", -1},
		{"1.0~rc1", "1.0", -1},
		{"1.0~", "1.0", -1},
		{"1.0~~", "1.0~", -1},
		{"1.0~~a", "1.0~", -1},
		{"1.0a", "1.0", 1},
		{"1.0a", "1.0+", -1},
		{"1.0+deb12u1", "1.0", 1},
		{"6.12.107-1~bpo12+1", "6.12.107-1", -1},
		{"6.1.192-2", "6.1.187-1", 1},
		{"5.10.0-30", "5.10.0-9", 1},
		{"1.2.3-4-5", "1.2.3-4-6", -1},
		{"1.2-3-1", "1.2-2-9", 1},
		{"00001", "1", 0},
		{"18446744073709551617", "18446744073709551616", 1},
		{"1.A", "1.a", -1},
		{"1.a", "1.+", -1},
	} {
		if got := Compare(c.a, c.b); got != c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Compare(c.b, c.a); got != -c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

// The order that Debian Policy, section 5.6.12, gives as its example.
func TestPolicyOrder(t *testing.T) {
	want := []string{"~~", "~~a", "~", "", "a"}
	got := slices.Clone(want)
	for range 20 {
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, Compare)
		if !slices.Equal(got, want) {
			t.Fatalf("sorted: %q, want %q", got, want)
		}
	}
}

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		v, op, want string
		ok          bool
	}{
		{"2", ">=", "1", true}, {"1", ">=", "1", true}, {"1", ">=", "2", false},
		{"2", ">>", "1", true}, {"1", ">>", "1", false},
		{"1", "<<", "2", true}, {"2", "<<", "2", false},
		{"2", "<=", "2", true}, {"3", "<=", "2", false},
		{"2", "=", "2", true}, {"2", "=", "3", false},
		{"2", "<", "2", true}, {"2", ">", "2", true},
		{"2", "", "", true}, {"2", "!=", "3", false},
	} {
		if got := Satisfies(c.v, c.op, c.want); got != c.ok {
			t.Errorf("Satisfies(%q, %q, %q) = %t", c.v, c.op, c.want, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, v := range []string{"1", "1:2.36.1-8+deb11u1", "0:0", "4.4.1-2", "6.12.107+deb13-1", "1.0-1-2", "2:1:3-1", "1~rc1-1"} {
		if err := Check(v); err != nil {
			t.Errorf("Check(%q): %v", v, err)
		}
	}
	for _, v := range []string{"", "a1", ":1", "x:1", "1-", "1 2", "1/2", "1_2", "1-a_b", "1:", "99999999999:1", "-1"} {
		if Check(v) == nil {
			t.Errorf("Check(%q) accepts it", v)
		}
	}
}

func TestUpstream(t *testing.T) {
	for v, want := range map[string]string{"1:2.3-4": "2.3", "6.1.192-2": "6.1.192", "5": "5", "1-2-3": "1-2"} {
		if got := Upstream(v); got != want {
			t.Errorf("Upstream(%q) = %q, want %q", v, got, want)
		}
	}
}

// TestAgainstDpkg asks the real dpkg about random pairs where there is one.
func TestAgainstDpkg(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("no dpkg on this machine")
	}
	if testing.Short() {
		t.Skip("starts some hundreds of processes")
	}
	r := rand.New(rand.NewPCG(1, 2))
	part := func(chars string) string {
		b := make([]byte, r.IntN(5))
		for i := range b {
			b[i] = chars[r.IntN(len(chars))]
		}
		return string(b)
	}
	random := func() string {
		v := "1" + part("01aZ.+~-")
		if r.IntN(3) == 0 {
			v = []string{"0:", "1:", "01:"}[r.IntN(3)] + v
		}
		if r.IntN(2) == 0 {
			v += "-0" + part("01aZ.+~")
		}
		return v
	}
	for range 250 {
		a, b := random(), random()
		if Check(a) != nil || Check(b) != nil {
			continue
		}
		op := map[int]string{-1: "lt", 0: "eq", 1: "gt"}[Compare(a, b)]
		if err := exec.Command(dpkg, "--compare-versions", a, op, b).Run(); err != nil {
			t.Errorf("dpkg does not agree that %q %s %q", a, op, b)
		}
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("1:2.36.1-8+deb11u1", "1.0~rc1", "6.12.107-1~bpo12+1")
	f.Add("~~a", "", "-")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if Compare(a, a) != 0 {
			t.Errorf("%q does not equal itself", a)
		}
		if Compare(a, b) != -Compare(b, a) {
			t.Errorf("order of %q and %q depends on which comes first", a, b)
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Errorf("%q <= %q <= %q but not %q <= %q", a, b, c, a, c)
		}
		_ = Check(a)
	})
}
