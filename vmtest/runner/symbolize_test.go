// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/rendezvous"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/symbolize/testelf"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// withKernel gives a test a vmlinux in which the report of the fake guest lies.
func withKernel(t *testing.T, data []byte) func(*Config) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "vmlinux")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Vmlinux = file }
}

var slub = testelf.File{Machine: elf.EM_X86_64, Units: []testelf.Unit{
	{Dir: "/build", Source: "mm/slub.c", Functions: []testelf.Function{{Name: "kfree", Size: 0x290, Line: 1000}}},
}}

func TestLinesOfSource(t *testing.T) {
	const line = "BUG: KASAN: double-free in kfree+0xd8/0x290 (mm/slub.c:1053)"
	status, text, r := runMain(t, setup(t, "splat", withKernel(t, slub.Bytes())))
	if status != 1 || r.Class != verdict.Splat || len(r.Notes) > 0 {
		t.Errorf("status %d, %s, notes %q", status, r.Verdict, r.Notes)
	}
	if !strings.Contains(text, "the report with lines of source (console.symbolized.log has everything)") || strings.Count(text, line) != 2 || strings.Contains(text, "tail of the console") || strings.Contains(text, "Run /init") {
		t.Errorf("the report is not shown with its line, once to the reader and once in test.xml:\n%s", text)
	}
}

func TestLinesOfSourceBesideAnExpectedReport(t *testing.T) {
	change := withKernel(t, slub.Bytes())
	c, err := Load(setup(t, "splat", func(c *Config) { change(c); c.ExpectClass = verdict.Splat }), "/")
	if err != nil {
		t.Fatal(err)
	}
	for how, out := range map[string]string{"with a folder": t.TempDir(), "without": ""} {
		r := Run(t.Context(), c, Env{Out: out, Show: &bytes.Buffer{}})
		if !r.OK || len(r.Notes) > 0 {
			t.Errorf("%s: %s, %q", how, r.Verdict, r.Notes)
		}
		if out == "" {
			continue
		}
		before, err1 := os.ReadFile(filepath.Join(out, "console.log"))
		after, err2 := os.ReadFile(filepath.Join(out, symbolizedLog))
		if err1 != nil || err2 != nil || strings.Replace(string(after), " (mm/slub.c:1053)", "", 1) != string(before) {
			t.Errorf("%v, %v: %q becomes %q", err1, err2, before, after)
		}
	}
}

// The console of one of several guests has its role's name, and so has all that is
// made of it or said about it.
func TestLinesOfSourceOfARole(t *testing.T) {
	c, err := Load(setup(t, "splat", withKernel(t, slub.Bytes())), "/")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	run := func() (*Result, string) {
		l := &link{role: "left", mail: rendezvous.NewMailbox(), group: rendezvous.New([]rendezvous.Member{{Role: "left"}}, func() {})}
		r := Run(t.Context(), c, Env{Out: out, Show: &bytes.Buffer{}, link: l})
		l.mail.Close()
		var text bytes.Buffer
		r.Explain(&text)
		return r, text.String()
	}
	r, text := run()
	if len(r.Notes) > 0 || !strings.Contains(text, "(left.console.symbolized.log has everything)") {
		t.Errorf("notes %q\n%s", r.Notes, text)
	}
	data, err := os.ReadFile(filepath.Join(out, "left.console.symbolized.log"))
	if err != nil || !bytes.Contains(data, []byte(" (mm/slub.c:1053)")) {
		t.Errorf("%v, %q", err, data)
	}
	if exists(filepath.Join(out, "console.log")) || exists(filepath.Join(out, symbolizedLog)) {
		t.Error("a file has no role in its name")
	}
	c.Vmlinux = ""
	if _, text := run(); !strings.Contains(text, ", left.console.log has them)") {
		t.Errorf("the console's file is not named in\n%s", text)
	}
}

// A verdict does not wait for lines: neither for a file that never comes to its end
// nor for a console that is nothing but places.
func TestLinesOfSourceInTime(t *testing.T) {
	defer func(a, b time.Duration) { symbolizeTime, symbolizeGrace = a, b }(symbolizeTime, symbolizeGrace)
	if symbolizeTime+symbolizeGrace >= margin {
		t.Errorf("%v and %v do not fit into %v", symbolizeTime, symbolizeGrace, margin)
	}
	symbolizeTime, symbolizeGrace = 100*time.Millisecond, 100*time.Millisecond
	pipe := filepath.Join(t.TempDir(), "vmlinux")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, _, r := runMain(t, setup(t, "splat", func(c *Config) { c.Vmlinux = pipe }))
	if r.Class != verdict.Splat || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "lines of source: the search was cut off after 200ms") {
		t.Errorf("a file without an end: %s, %q", r.Verdict, r.Notes)
	}
	symbolizeGrace = time.Minute
	c := &Config{}
	withKernel(t, slub.Bytes())(c)
	console := filepath.Join(t.TempDir(), "console")
	line := strings.Repeat("kfree+0xd8/0x290 ", 16) + "\n"
	if err := os.WriteFile(console, []byte(strings.Repeat(line, 2*maxConsole/len(line))), 0o644); err != nil {
		t.Fatal(err)
	}
	text, notes, err := symbolizedInTime(c, console)
	if err != nil || len(text) < 2*maxConsole-len(line) || !strings.Contains(strings.Join(notes, "\n"), "the search was cut off, the time was up") {
		t.Errorf("a console of places: %d bytes, %q, %v", len(text), notes, err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Without a report, or in a console that names no place, there is nothing to do.
func TestNoLinesWithoutAReport(t *testing.T) {
	for how, class := range map[string]verdict.Class{"well": verdict.Pass, "names a place": verdict.Pass, "case fails": verdict.TestFail} {
		status, text, r := runMain(t, setup(t, how, withKernel(t, []byte("not looked at"))))
		if r.Class != class || len(r.Notes) > 0 || status == 1 && !strings.Contains(text, "tail of the console") {
			t.Errorf("%s: %s, notes %q\n%s", how, r.Verdict, r.Notes, text)
		}
	}
}

// Debug info that cannot be read changes nothing but a note.
func TestBrokenDebugInfoIsANote(t *testing.T) {
	good := slub.Bytes()
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{withKernel(t, good[:len(good)/2]), "lines of source: "},
		{withKernel(t, []byte("no ELF file")), "it is cut off, or no ELF file"},
		{func(c *Config) { c.Vmlinux = "/nonexistent/vmlinux" }, "no such file"},
		{func(c *Config) {
			withKernel(t, good)(c)
			c.Modules = map[string]string{"m": "/nonexistent/m.ko"}
		}, "m.ko: no such file"},
	} {
		status, text, r := runMain(t, setup(t, "splat", c.change))
		if status != 1 || r.String() != "SPLAT: KASAN: double-free in kfree" || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], c.want) {
			t.Errorf("status %d, %s, notes %q, want one with %q", status, r.Verdict, r.Notes, c.want)
		}
		if !strings.Contains(text, "note: lines of source: ") || !strings.Contains(text, "tail of the console") {
			t.Errorf("the note or the tail is missing in\n%s", text)
		}
	}
}

func TestReportLines(t *testing.T) {
	console := "first\n[    1.0] BUG: KASAN: double-free in kfree+0xd8/0x290\n"
	long := console + strings.Repeat("x\x1b\n", tailSize)
	r := &Result{Verdict: verdict.Verdict{Title: "t"}}
	if got := r.reportLines([]byte(console)); got != "" {
		t.Errorf("without a report: %q", got)
	}
	r.Reports = append(r.Reports, reportAt("other", 1), reportAt("t", 2))
	if got := r.reportLines([]byte(console)); got != console[6:] {
		t.Errorf("%q", got)
	}
	if got := r.reportLines([]byte(long)); !strings.HasPrefix(got, console[6:]) || !strings.HasSuffix(got, "x\\x1b\n") || len(got) > 4*tailSize {
		t.Errorf("%d bytes: %.80q", len(got), got)
	}
	r.Reports = append(r.Reports[:0], reportAt("t", 99))
	if got := r.reportLines([]byte(console)); got != "" {
		t.Errorf("a report behind the end: %q", got)
	}
}

func reportAt(title string, line int) splat.Report { return splat.Report{Title: title, Line: line} }
