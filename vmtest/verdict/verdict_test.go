// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// healthy is a run to which nothing is wanting; each case takes one thing away.
func healthy() (Expect, *Seen) {
	return Expect{Taint: "O", TaintAllowed: "E"}, &Seen{
		Started: true,
		Done:    &wire.Event{Type: wire.TypeDone, Taint: 1<<12 | 1<<13},
		Programs: []Program{{
			Name: "t", Format: wire.FormatGo, Ended: true,
			Report: results.Report{Cases: []results.Case{{Name: "TestA", Status: results.Pass}, {Name: "TestB", Status: results.Skip}}},
		}},
		LastLine: "last line of the console", LastEvent: "program t",
	}
}

func TestJudge(t *testing.T) {
	report := func(kind splat.Kind, title string) splat.Report {
		return splat.Report{Title: title, Kind: kind, Line: 7, Count: 2}
	}
	for _, c := range []struct {
		name   string
		change func(*Expect, *Seen)
		class  Class
		title  string
		detail string
	}{
		{"healthy", func(*Expect, *Seen) {}, Pass, "", ""},
		{"no done event", func(_ *Expect, s *Seen) { s.Done = nil }, TestFail, "without the done event", "last line of the console"},
		{"never started", func(_ *Expect, s *Seen) { s.Started, s.Done = false, nil }, BootFail, "before init reported", "last line of the console"},
		{"no life in time", func(_ *Expect, s *Seen) { s.Started, s.Done, s.TimedOut, s.QEMU.Killed = false, nil, true, true }, BootFail, "no sign of life", ""},
		{"hang", func(_ *Expect, s *Seen) {
			s.Done, s.TimedOut, s.QEMU = nil, true, qemu.End{Killed: true, Signal: "SIGKILL"}
		}, Hang, "in program t", "last line of the console"},
		{"no power-off", func(_ *Expect, s *Seen) { s.TimedOut, s.QEMU.Killed = true, true }, Hang, "did not power off", ""},
		{"splat", func(_ *Expect, s *Seen) { s.Reports = []splat.Report{report(splat.Splat, "KASAN: x")} }, Splat, "KASAN: x", "console line 7: KASAN: x (2 times)"},
		{"splat and hang", func(_ *Expect, s *Seen) {
			s.Reports, s.Done, s.TimedOut = []splat.Report{report(splat.Splat, "soft lockup")}, nil, true
		}, Splat, "soft lockup", ""},
		{"splat and QEMU died", func(_ *Expect, s *Seen) {
			s.Reports, s.QEMU.Signal = []splat.Report{report(splat.Splat, "oops")}, "SIGSEGV"
		}, Splat, "oops", ""},
		{"leak and splat", func(_ *Expect, s *Seen) {
			s.Reports = []splat.Report{report(splat.Leak, "kmemleak"), report(splat.Splat, "WARNING in f")}
		}, Splat, "WARNING in f", ""},
		{"leak in the console", func(_ *Expect, s *Seen) { s.Reports = []splat.Report{report(splat.Leak, "kmemleak: y")} }, Leak, "kmemleak: y", ""},
		{"leak in the scan", func(_ *Expect, s *Seen) { s.Kmemleak = "unreferenced object 0x1" }, Leak, "kmemleak: unreferenced object", "0x1"},
		{"panic at boot", func(_ *Expect, s *Seen) { s.Reports = []splat.Report{report(splat.Boot, "panic: no root file system")} }, BootFail, "panic: no root file system", ""},
		{"QEMU missing", func(_ *Expect, s *Seen) { s.QEMUErr = errors.New("no such file") }, Infra, "QEMU did not run", "no such file"},
		{"QEMU refuses", func(_ *Expect, s *Seen) { s.QEMU = qemu.End{Code: 1, Stderr: "bad option"} }, Infra, "exit code 1", "bad option"},
		{"QEMU killed from outside", func(_ *Expect, s *Seen) { s.QEMU = qemu.End{Code: -1, Signal: "SIGKILL"} }, Infra, "QEMU was ended by SIGKILL", ""},
		{"QEMU cannot be killed", func(_ *Expect, s *Seen) { s.QEMU = qemu.End{Killed: true, Lost: true} }, Infra, "after SIGKILL", ""},
		{"interrupted", func(_ *Expect, s *Seen) { s.Interrupted, s.QEMU.Killed = true, true }, Infra, "interrupted", ""},
		{"channel broken", func(_ *Expect, s *Seen) { s.ChannelErr = errors.New("gap") }, Infra, "cannot be trusted", "gap"},
		{"console flood", func(_ *Expect, s *Seen) { s.Stopped, s.Done = "console flood", nil }, TestFail, "console flood", ""},
		{"console flood at boot", func(_ *Expect, s *Seen) { s.Stopped, s.Started = "console flood", false }, BootFail, "console flood", ""},
		{"init failed", func(_ *Expect, s *Seen) { s.Done.Error = "no config" }, Infra, "init failed", "no config"},
		{"exit status of the run", func(_ *Expect, s *Seen) { s.Done.Exit = 4 }, TestFail, "exit status is 4", ""},
		{"exit status of the program", func(_ *Expect, s *Seen) { s.Programs[0].Exit = 4 }, TestFail, "t: ended with exit status 4", ""},
		{"program crashed", func(_ *Expect, s *Seen) { s.Programs[0].Exit, s.Programs[0].Signal = 139, "SIGSEGV" }, TestFail, "t: was ended by SIGSEGV", ""},
		{"program never ran", func(_ *Expect, s *Seen) { s.Programs[0].Ended = false }, TestFail, "t: never ran", ""},
		{"program cannot run", func(_ *Expect, s *Seen) { s.Programs[0].Error = "exec format error" }, TestFail, "t: could not be run", "exec format"},
		{"case failed", func(_ *Expect, s *Seen) {
			s.Programs[0].Report.Cases[0].Status, s.Programs[0].Report.Cases[1].Status = results.Fail, results.Fail
		}, TestFail, "t: TestA failed", "TestA, TestB"},
		{"case failed, exit 0", func(_ *Expect, s *Seen) { s.Programs[0].Report.Cases[0].Status = results.Fail }, TestFail, "t: TestA failed", ""},
		{"plan not fulfilled", func(_ *Expect, s *Seen) { s.Programs[0].Report.Problem = "3 of 4" }, TestFail, "t: incomplete results", "3 of 4"},
		{"all skipped", func(_ *Expect, s *Seen) { s.Programs[0].Report.Cases[0].Status = results.Skip }, TestFail, "t: every test was skipped", ""},
		{"no case at all", func(_ *Expect, s *Seen) { s.Programs[0].Report.Cases = nil }, TestFail, "t: every test was skipped", ""},
		{"exit status only", func(_ *Expect, s *Seen) {
			s.Programs[0].Format, s.Programs[0].Report = wire.FormatExit, results.Report{}
		}, Pass, "", ""},
		{"unexpected taint", func(_ *Expect, s *Seen) { s.Done.Taint |= 1 << 9 }, Splat, "unexpected taint W", `"WOE"`},
		{"missing taint", func(_ *Expect, s *Seen) { s.Done.Taint = 0 }, TestFail, "expected taint O is missing", ""},
		{"allowed taint missing", func(_ *Expect, s *Seen) { s.Done.Taint = 1 << 12 }, Pass, "", ""},
		{"kmemleak asked for", func(x *Expect, s *Seen) { x.Kmemleak = true }, Infra, "no kmemleak scan", ""},
		{"kmemleak scanned", func(x *Expect, s *Seen) { x.Kmemleak, s.Done.Scanned = true, true }, Pass, "", ""},
		{"known report", func(x *Expect, s *Seen) {
			s.Reports = []splat.Report{report(splat.Splat, "WARNING in old")}
			x.Ignore = []splat.Ignore{{Title: regexp.MustCompile("^WARNING in old$"), Reason: "known since 5.10"}}
		}, Pass, "", ""},
		{"known report and another", func(x *Expect, s *Seen) {
			s.Reports = []splat.Report{report(splat.Splat, "WARNING in old"), report(splat.Splat, "WARNING in new")}
			x.Ignore = []splat.Ignore{{Title: regexp.MustCompile("^WARNING in old$"), Reason: "known since 5.10"}}
		}, Splat, "WARNING in new", ""},
	} {
		x, s := healthy()
		c.change(&x, s)
		v, ignored := Judge(x, s)
		if v.Class != c.class || !strings.Contains(v.Title, c.title) || !strings.Contains(v.Detail, c.detail) {
			t.Errorf("%s: %s (%s), want %s: %s (%s)", c.name, v, v.Detail, c.class, c.title, c.detail)
		}
		if len(x.Ignore) > 0 && !slices.Equal(ignored, []string{"WARNING in old: known since 5.10"}) {
			t.Errorf("%s: ignored %q", c.name, ignored)
		}
	}
}

// The judge must never find a run better for lacking something.
func TestNothingSeenIsNoPass(t *testing.T) {
	if v, _ := Judge(Expect{}, &Seen{}); v.Class == Pass {
		t.Error("a run of which nothing was seen passes")
	}
}

func TestTaintString(t *testing.T) {
	for n, want := range map[uint64]string{0: "", 1: "P", 1 << 12: "O", 1<<12 | 1<<13: "OE", 1<<9 | 1<<7: "DW", 1 << 19: "J", 1 << 63: "?63"} {
		if got := TaintString(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
