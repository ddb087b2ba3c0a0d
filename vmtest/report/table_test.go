// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/verdict"
)

// A table has the kernels that the package's tests ran under, and no others.
func TestTablePerPackage(t *testing.T) {
	l := newLogs(t)
	l.result(passed("//a:x/"+stock, stock), noon)
	l.result(passed("//b:y/"+arm, arm), noon)
	m := collect(t, l.dir)
	for i, want := range []string{stock, arm} {
		if got := m.Packages[i].Kernels(m.Kernels); len(got) != 1 || got[0].Key != want {
			t.Errorf("%s has the columns %v", m.Packages[i].Name, got)
		}
	}
	if s := m.Packages[0].ShortName(m.Packages); s != "a" {
		t.Errorf("short name %q", s)
	}
	if s := (&Package{Name: "//x/a"}).ShortName(m.Packages); s != "//x/a" {
		t.Errorf("a short name that two packages have: %q", s)
	}
}

func TestAsks(t *testing.T) {
	for _, c := range []struct {
		cells []string
		want  string
	}{
		{[]string{"", ""}, ""},
		{[]string{"SPLAT: x", "SPLAT: x"}, "SPLAT: x"},
		{[]string{"SPLAT: x", "HANG"}, ""},
		{[]string{"", "SPLAT: x"}, ""},
		{[]string{"SPLAT: x", ""}, ""},
		{[]string{"?", "SPLAT: x", "?"}, "SPLAT: x"},
		{[]string{"?"}, ""},
	} {
		r := &Row{}
		for _, e := range c.cells {
			if e == "?" {
				r.Cells = append(r.Cells, &Cell{Class: NoResult})
				continue
			}
			r.Cells = append(r.Cells, &Cell{Class: verdict.Splat, Expected: e})
		}
		if got := r.Asks(); got != c.want {
			t.Errorf("%q: %q, want %q", c.cells, got, c.want)
		}
	}
	l := newLogs(t)
	r := failed(label, stock, verdict.Hang, "in t")
	r.Expected, r.OK = "HANG: ", true
	l.result(r, noon)
	if c := only(t, collect(t, l.dir)); c.Expected != "HANG" || c.Status != OK {
		t.Errorf("%s: expected %q", c.Status, c.Expected)
	}
}

func TestTally(t *testing.T) {
	for want, tally := range map[string]Tally{
		"·": {}, "✓ 3": {OK: 3}, "✓ 3, ○ 1": {OK: 3, Skipped: 1}, "○ 1": {Skipped: 1}, "✗ 1 of 5": {3, 1, 1},
	} {
		if got := tally.String(); got != want {
			t.Errorf("%+v: %s, want %s", tally, got, want)
		}
	}
}

// Which fault was seen by which kernel stands in one table, with what it had to be
// seen as.
func TestFaultTable(t *testing.T) {
	l := newLogs(t)
	for _, kernel := range []string{"debug/x86_64/6.12.107-kasan", "debug/aarch64/6.12.107-kasan"} {
		r := failed("//vmtest/tests/faults:bug/"+kernel, kernel, verdict.Splat, "kernel BUG at x")
		r.Expected, r.OK = "SPLAT: kernel (BUG|bug) at .*", true
		l.result(r, noon)
	}
	only := "debug/x86_64/6.12.107-kasan"
	r := passed("//vmtest/tests/faults:leak/"+only, only)
	r.Expected, r.OK = "LEAK: kmemleak", false
	l.result(r, noon)
	m := collect(t, l.dir)
	text, err := m.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| test | asks for | debug/x86_64/6.12.107-kasan | debug/aarch64/6.12.107-kasan |\n|---|---|---|---|\n",
		"| bug | SPLAT\\: kernel (BUG\\|bug) at .\\* | ✓ (SPLAT) 3.5 s | ✓ (SPLAT) 3.5 s |\n",
		"| leak | LEAK\\: kmemleak | ✗ **PASS** 3.5 s | · |\n",
		"| debug/x86_64/6.12.107-kasan | **✗ 1 of 2** |\n| debug/aarch64/6.12.107-kasan | ✓ 1 |\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it has not\n%s\nbut\n%s", want, text)
		}
	}
	page, err := m.HTML()
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, string(page))
	if want := `<th scope="row">bug <small>SPLAT: kernel (BUG|bug) at .*</small></th>`; !strings.Contains(string(page), want) {
		t.Errorf("the page has not %s", want)
	}
}
