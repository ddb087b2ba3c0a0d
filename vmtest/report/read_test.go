// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// Whatever lies in the folder of a test, there is a cell, and it says what is wrong.
func TestBrokenResults(t *testing.T) {
	whole := `{"schema":1,"name":"` + label + `","kernel":"` + stock + `","arch":"x86_64","class":"PASS","ok":true,"times":{"total":3}}`
	for _, c := range []struct {
		name, result string
		class        verdict.Class
		title        string
	}{
		{"whole", whole, verdict.Pass, ""},
		{"whole, with more in it", whole[:len(whole)-1] + `,"new":{"x":[1]}}`, verdict.Pass, ""},
		{"truncated", whole[:50], Unreadable, "it ends in the middle, after 50 bytes"},
		{"empty", "", Unreadable, "truncated"},
		{"zeros", strings.Repeat("\x00", 20), Unreadable, "line 1: invalid character"},
		{"two values", whole + "{}", Unreadable, "after top-level value"},
		{"of another type", strings.Replace(whole, `"x86_64"`, "7", 1), Unreadable, "cannot unmarshal number"},
		{"another schema", strings.Replace(whole, `"schema":1`, `"schema":2`, 1), Unreadable, "it has schema 2, and this report reads schema 1"},
		{"no schema", strings.Replace(whole, `"schema":1,`, ``, 1), Unreadable, "schema 0"},
		{"no class", strings.Replace(whole, `"class":"PASS",`, ``, 1), Unreadable, "no class"},
		{"a list", "[]", Unreadable, "cannot unmarshal array"},
		{"null", "null", Unreadable, "schema 0"},
		{"a class to come", strings.Replace(strings.Replace(whole, "PASS", "FLAKE", 1), "true", "false", 1), "FLAKE", ""},
	} {
		for _, logged := range []bool{true, false} {
			l := newLogs(t)
			if logged {
				l.log(label, stock, noon)
			}
			l.file(labelPath(label), "test.outputs/result.json", c.result, noon)
			cell := only(t, collect(t, l.dir))
			if cell.Class != c.class || !strings.Contains(cell.Title, c.title) {
				t.Errorf("%s: %s: %s, want %s: %s", c.name, cell.Class, cell.Title, c.class, c.title)
			}
			if want := map[bool]Status{true: OK, false: Bad}[c.class == verdict.Pass]; cell.Status != want {
				t.Errorf("%s: status %s, want %s", c.name, cell.Status, want)
			}
			if cell.Label != label || cell.Kernel != stock || cell.Arch != "x86_64" || !cell.When.Equal(noon) {
				t.Errorf("%s: %s under %s (%s) at %s", c.name, cell.Label, cell.Kernel, cell.Arch, cell.When)
			}
		}
	}
}

// A test without a result is in the table: for its name, for what vmrun wrote, or
// for its neighbours.
func TestNoResult(t *testing.T) {
	arch := "//vmtest/tests/harness:ends/fail/x86_64"
	for _, c := range []struct {
		name, label, log, title, kernel string
		class                           verdict.Class
	}{
		{"killed", label, bazelHead(label) + "vmtest: " + label + " on " + stock + ", 512 MiB, 2 CPUs\n", "left no result.json", stock, NoResult},
		{"nothing in the log", label, "", "left no result.json", stock, NoResult},
		{"no configuration", label, bazelHead(label) + "vmrun: x.json: line 3: unknown field\n", "x.json: line 3", stock, NoResult},
		{"no configuration, any name", "//p:boots", bazelHead("//p:boots") + "vmrun: no such file\n", "no such file", "unknown kernel", NoResult},
		{"architecture only", arch, bazelHead(arch), "left no result.json", "unknown kernel x86_64", NoResult},
		{"architecture only, crashed", arch, bazelHead(arch) + "panic: no map\n\ngoroutine 1 [running]:\n", "panic: no map", "unknown kernel x86_64", NoResult},
		{"wrong flag", "//p:boots", bazelHead("//p:boots") + "flag provided but not defined: -x\nUsage: vmrun [flags]\n", "not defined: -x", "unknown kernel", NoResult},
		{"skipped", label, bazelHead(label) + "SKIP  " + label + " on " + stock + ": not in the archive\n", "not in the archive", stock, Skipped},
		{"skipped, any name", "//p:boots", bazelHead("//p:boots") + "SKIP  //p:boots on own: gone\n", "gone", "own", Skipped},
		{"the guest says SKIP", label, bazelHead(label) + "vmtest: " + label + " on " + stock + ", 512 MiB, 2 CPUs\nSKIP  " + label + " on " + stock + ": no\n", "left no result.json", stock, NoResult},
	} {
		l := newLogs(t)
		l.file(labelPath(c.label), "test.log", c.log, noon)
		cell := only(t, collect(t, l.dir))
		if cell.Class != c.class || !strings.Contains(cell.Title, c.title) || cell.Kernel != c.kernel || cell.Label != c.label {
			t.Errorf("%s: %s: %s for %s under %s", c.name, cell.Class, cell.Title, cell.Label, cell.Kernel)
		}
	}
	// The neighbour tells which kernel the tests of an architecture have.
	l := newLogs(t)
	l.file(labelPath(arch), "test.log", "", noon)
	l.result(passed("//vmtest/tests/harness:ends/succeed/x86_64", stock), noon)
	if m := collect(t, l.dir); len(m.Kernels) != 1 || len(m.Cells()) != 2 {
		t.Errorf("%d kernels, %d cells", len(m.Kernels), len(m.Cells()))
	}
}

func TestOrdinaryTestsAreLeftOut(t *testing.T) {
	l := newLogs(t)
	l.file("vmtest/runner/runner_test", "test.log", bazelHead("//vmtest/runner:runner_test")+"vmtest: //x:y on z, 512 MiB, 2 CPUs\nSKIP  //x:y on z: why\nvmrun: error\n", noon)
	// The name alone makes no VM test where another program says something.
	l.file("vmtest/tests/shell/shell_test/x86_64", "test.log", bazelHead("//vmtest/tests/shell:shell_test/x86_64")+"\nPASS\n", noon)
	l.file("toolchains/cc/tests/sum_aarch64_test", "test.log", bazelHead("//toolchains/cc/tests:sum_aarch64_test"), noon)
	l.file("other/other_test", "test.outputs/result.json", `{"result": "fine"}`, noon)
	m := collect(t, l.dir)
	if len(m.Cells()) != 0 {
		t.Errorf("%d cells", len(m.Cells()))
	}
	if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "other/other_test: left out") {
		t.Errorf("warnings %q", m.Warnings)
	}
}

// A failure that was foretold looks like none, and says why; what the runner notes
// is there.
func TestKnownFailuresAndNotes(t *testing.T) {
	l := newLogs(t)
	r := passed(label, stock)
	r.Programs[0].Cases = append(r.Programs[0].Cases, results.Case{Name: "TestB", Status: results.Known, Reason: "since \x1b[31m6.6", Output: "what it printed"})
	r.Notes = []string{"lines of source: none"}
	l.result(r, noon)
	m := collect(t, l.dir)
	c := only(t, m)
	if p := c.Programs[0]; p.Tally() != "2 cases, 1 known to fail" || len(p.Failed()) != 0 || p.Cases[1].Output == "" {
		t.Errorf("%s: %+v", p.Tally(), p.Cases)
	}
	if strings.Join(c.Notes, "|") != "lines of source: none" {
		t.Errorf("notes %q", c.Notes)
	}
	page, err := m.HTML()
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, string(page))
	if want := `<li class="case-known"><span aria-hidden="true">△</span> <span class="word">known</span> TestB <span class="quiet">since ␛[31m6.6</span>`; !strings.Contains(string(page), want) {
		t.Errorf("the page has not %s", want)
	}
}

// The log is all there is of a test that was killed: its end is shown.
func TestEndOfLog(t *testing.T) {
	l := newLogs(t)
	l.file(labelPath(label), "test.log", bazelHead(label)+"vmtest: "+label+" on "+stock+", 512 MiB, 2 CPUs\n"+strings.Repeat("filler\n", maxText)+"the last line\n", noon)
	c := only(t, collect(t, l.dir))
	if len(c.Tails) != 1 || c.Tails[0].Name != "test.log" || !strings.HasSuffix(c.Tails[0].Text, "filler\nthe last line") || strings.Count(c.Tails[0].Text, "\n") != tailLines-1 {
		t.Errorf("%+v", c.Tails)
	}
}

func TestZippedOutputs(t *testing.T) {
	l := newLogs(t)
	l.log(label, stock, noon)
	l.archive(failed(label, stock, verdict.Hang, "in program t"), noon)
	cell := only(t, collect(t, l.dir))
	if cell.Class != verdict.Hang || cell.Title != "in program t" || len(cell.Tails) != 1 || cell.Tails[0].Text != "[    1.0] the last line" || !cell.When.Equal(noon) {
		t.Errorf("%+v", cell)
	}
	if len(cell.Files) != 2 || cell.Files[1].Name != "outputs.zip" {
		t.Errorf("files %+v", cell.Files)
	}
	zip := filepath.Join(l.dir, labelPath(label), "test.outputs/outputs.zip")
	data, err := os.ReadFile(zip)
	if err != nil {
		t.Fatal(err)
	}
	l.file(labelPath(label), "test.outputs/outputs.zip", string(data[:len(data)-30]), noon)
	if cell := only(t, collect(t, l.dir)); cell.Class != Unreadable || !strings.Contains(cell.Title, "outputs.zip") {
		t.Errorf("a broken archive is %s: %s", cell.Class, cell.Title)
	}
}

// What a result says of itself is not believed against the place it was found at.
func TestContradictions(t *testing.T) {
	l := newLogs(t)
	r := passed("//other:test", stock)
	l.result(r, noon)
	from := filepath.Join(l.dir, "other/test")
	to := filepath.Join(l.dir, labelPath(label))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	cell := only(t, collect(t, l.dir))
	if cell.Label != label || len(cell.Notes) != 1 || !strings.Contains(cell.Notes[0], "//other:test") {
		t.Errorf("%s, notes %q", cell.Label, cell.Notes)
	}

	l = newLogs(t)
	r = failed(label, stock, verdict.Splat, "oops")
	r.OK = true
	l.result(r, noon)
	if cell := only(t, collect(t, l.dir)); cell.Status != Bad {
		t.Error("a SPLAT that nobody expected is a success, because the result says so")
	}
	r.Expected = "SPLAT: oops"
	l.result(r, noon)
	if cell := only(t, collect(t, l.dir)); cell.Status != OK || cell.Symbol() != "✓" {
		t.Error("an expected SPLAT is no success")
	}
	r = passed(label, stock)
	r.OK, r.Expected = false, "SPLAT: oops"
	l.result(r, noon)
	if cell := only(t, collect(t, l.dir)); cell.Status != Bad || cell.Symbol() != "✗" {
		t.Error("PASS where SPLAT was expected is a success")
	}
	r.Times.Total = 1e308
	r.Times.Boot = -1
	l.result(r, noon)
	if m := collect(t, l.dir); m.Times.Total != 0 || len(only(t, m).Notes) != 2 {
		t.Errorf("times %v, notes %q", m.Times, only(t, m).Notes)
	}
}
