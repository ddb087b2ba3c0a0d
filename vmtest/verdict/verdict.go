// SPDX-License-Identifier: Apache-2.0

// Package verdict decides what a VM test has shown. A test passes only when
// everything that can be asked for is there; each thing that is missing has a
// class of its own, so that a reader knows whom to ask.
package verdict

import (
	"fmt"
	"strings"

	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// Class says what kind of end a VM test came to.
type Class string

// The classes, and whom each points at.
const (
	Pass     Class = "PASS"     // everything was there
	TestFail Class = "TESTFAIL" // the test or what it tests
	Splat    Class = "SPLAT"    // the kernel, or the module in it, reported a defect
	Leak     Class = "LEAK"     // kmemleak found memory without an owner
	Hang     Class = "HANG"     // the guest was up and did not come to an end
	BootFail Class = "BOOTFAIL" // the guest never came up
	Infra    Class = "INFRA"    // QEMU, the harness or this machine: proves nothing
)

// Classes lists all classes.
var Classes = []Class{Pass, TestFail, Splat, Leak, Hang, BootFail, Infra}

// Verdict is the judge's answer.
type Verdict struct {
	// Class is the kind of end.
	Class Class `json:"class"`
	// Title says in one line what happened, the same in each run that fails so.
	Title string `json:"title,omitempty"`
	// Detail has what differs from run to run: last lines, names, numbers.
	Detail string `json:"detail,omitempty"`
}

func (v Verdict) String() string {
	if v.Title == "" {
		return string(v.Class)
	}
	return string(v.Class) + ": " + v.Title
}

// Expect is what a test asks of its guest beyond its programs' success.
type Expect struct {
	// Taint lists the letters of kernel taint that must be there at the end.
	Taint string `json:"taint,omitempty"`
	// TaintAllowed lists letters that may be there.
	TaintAllowed string `json:"taint_allowed,omitempty"`
	// Kmemleak demands that the kernel has kmemleak and was scanned.
	Kmemleak bool `json:"kmemleak,omitempty"`
	// Ignore lists known reports.
	Ignore []splat.Ignore `json:"-"`
}

// Program is one program's share in what was seen.
type Program struct {
	// Name and Format are from the configuration.
	Name, Format string
	// Ended is true when its exit event came.
	Ended bool
	// Exit, Signal and Error are from the exit event.
	Exit          int
	Signal, Error string
	// Report is what its output says.
	Report results.Report
}

// Seen is everything that the runner saw of one guest.
type Seen struct {
	// QEMUErr is set when QEMU could not be started or waited for.
	QEMUErr error
	// QEMU is how the process ended.
	QEMU qemu.End
	// TimedOut is true when the deadline ended the guest.
	TimedOut bool
	// Stopped says why the runner itself ended the guest before the deadline.
	Stopped string
	// Interrupted is true when the runner was told to stop.
	Interrupted bool
	// ChannelErr is set when the event channel carried something else than events.
	ChannelErr error
	// Started is true when the guest's init reported.
	Started bool
	// Done is the done event, or nil.
	Done *wire.Event
	// Programs in the order of the configuration.
	Programs []Program
	// Stale lists known failures that did not happen.
	Stale []results.KnownFailure
	// Kmemleak is what the scan at the end found.
	Kmemleak string
	// Reports are the kernel's reports in the console.
	Reports []splat.Report
	// LastLine is the last line of the console.
	LastLine string
	// LastEvent describes the last event.
	LastEvent string
}

// taintLetters has the letter of each bit of /proc/sys/kernel/tainted.
const taintLetters = "PFSRMBUDAWCIOELKXTNJ"

// TaintString turns the number of /proc/sys/kernel/tainted into its letters; bit
// 0 is G when it is not set, which says nothing and is left out.
func TaintString(taint uint64) string {
	var b strings.Builder
	for bit := 0; bit < 64; bit++ {
		if taint&(1<<bit) == 0 {
			continue
		}
		if bit < len(taintLetters) {
			b.WriteByte(taintLetters[bit])
		} else {
			fmt.Fprintf(&b, "?%d", bit)
		}
	}
	return b.String()
}

// split divides the reports in those that count and those with a reason not to.
func split(reports []splat.Report, ignore []splat.Ignore) (counted []splat.Report, ignored []string) {
	for _, r := range reports {
		reason := ""
		for _, i := range ignore {
			if i.Title.MatchString(r.Title) {
				reason = i.Reason
			}
		}
		if reason == "" {
			counted = append(counted, r)
		} else {
			ignored = append(ignored, r.Title+": "+reason)
		}
	}
	return counted, ignored
}

// Judge decides. The second result lists the reports that were ignored, with reasons.
//
// The order matters: what the kernel says about itself explains everything that
// follows from it, so it comes first; what the harness lacks comes before what
// the test says, since without it the test's word is not worth anything.
func Judge(x Expect, s *Seen) (Verdict, []string) {
	reports, ignored := split(s.Reports, x.Ignore)
	return judge(x, s, reports), ignored
}

func judge(x Expect, s *Seen, reports []splat.Report) Verdict {
	for _, r := range reports {
		switch r.Kind {
		case splat.Boot:
			return Verdict{BootFail, r.Title, r.Text}
		case splat.Splat:
			return Verdict{Splat, r.Title, list(reports)}
		}
	}
	switch {
	case s.QEMUErr != nil:
		return Verdict{Infra, "QEMU did not run", s.QEMUErr.Error()}
	case s.Interrupted:
		return Verdict{Infra, "interrupted from outside", "last line: " + s.LastLine}
	case s.QEMU.Lost:
		return Verdict{Infra, "QEMU did not end after SIGKILL", s.QEMU.Stderr}
	case !s.QEMU.Killed && s.QEMU.Signal != "":
		return Verdict{Infra, "QEMU was ended by " + s.QEMU.Signal, s.QEMU.Stderr}
	case !s.QEMU.Killed && s.QEMU.Code != 0:
		return Verdict{Infra, fmt.Sprintf("QEMU ended with exit code %d", s.QEMU.Code), s.QEMU.Stderr}
	case s.ChannelErr != nil:
		return Verdict{Infra, "the event channel cannot be trusted", s.ChannelErr.Error()}
	}
	if s.Kmemleak != "" {
		return Verdict{Leak, splat.LeakTitle(s.Kmemleak), s.Kmemleak}
	}
	for _, r := range reports {
		if r.Kind == splat.Leak {
			return Verdict{Leak, r.Title, list(reports)}
		}
	}
	if s.Stopped != "" {
		if s.Started {
			return Verdict{TestFail, s.Stopped, "last event: " + s.LastEvent}
		}
		return Verdict{BootFail, s.Stopped, "last line: " + s.LastLine}
	}
	if s.TimedOut {
		switch {
		case !s.Started:
			return Verdict{BootFail, "no sign of life from init within the time limit", "last line: " + s.LastLine}
		case s.Done != nil:
			return Verdict{Hang, "the guest did not power off", "last line: " + s.LastLine}
		}
		return Verdict{Hang, "in " + s.LastEvent, "last line: " + s.LastLine}
	}
	if !s.Started {
		return Verdict{BootFail, "the guest ended before init reported", "last line: " + s.LastLine}
	}
	if s.Done == nil {
		return Verdict{TestFail, "the guest ended without the done event", "last event: " + s.LastEvent + "; last line: " + s.LastLine}
	}
	if s.Done.Error != "" {
		return Verdict{Infra, "the guest's init failed", s.Done.Error}
	}
	for _, p := range s.Programs {
		if v, ok := judgeProgram(p); !ok {
			return v
		}
	}
	if s.Done.Exit != 0 && s.Done.Exit != excusedExit(s.Programs) {
		return Verdict{TestFail, fmt.Sprintf("the guest's exit status is %d", s.Done.Exit), ""}
	}
	if v, ok := judgeStale(s.Stale); !ok {
		return v
	}
	if x.Kmemleak && !s.Done.Scanned {
		return Verdict{Infra, "no kmemleak scan", "the test asks for one and the kernel has no kmemleak"}
	}
	return judgeTaint(x, TaintString(s.Done.Taint))
}

func judgeProgram(p Program) (Verdict, bool) {
	var title, detail string
	failed := p.Report.Failed()
	switch {
	case !p.Ended:
		title = "never ran"
	case p.Error != "":
		title, detail = "could not be run", p.Error
	case p.Signal != "":
		title = "was ended by " + p.Signal
	case len(failed) > 0:
		title = failed[0] + " failed"
		if len(failed) > 1 {
			detail = "failed: " + strings.Join(failed, ", ")
		}
	case p.Exit != 0 && p.Exit != excusedExit([]Program{p}):
		title = fmt.Sprintf("ended with exit status %d", p.Exit)
	case p.Report.Problem != "":
		title, detail = "incomplete results", p.Report.Problem
	case p.Format != wire.FormatExit && allSkipped(p.Report.Cases):
		title, detail = "every test was skipped", "a test that did not run proves nothing"
	case p.Format != wire.FormatExit && results.Count(p.Report.Cases, results.Pass) == 0:
		title, detail = "no test has passed", "known failures alone prove nothing"
	default:
		return Verdict{}, true
	}
	if p.Report.Problem != "" && detail == "" {
		detail = p.Report.Problem
	}
	return Verdict{TestFail, p.Name + ": " + title, detail}, false
}

func allSkipped(cases []results.Case) bool {
	for _, c := range cases {
		if c.Status != results.Skip {
			return false
		}
	}
	return true
}

func judgeTaint(x Expect, taint string) Verdict {
	for _, l := range taint {
		if !strings.ContainsRune(x.Taint+x.TaintAllowed, l) {
			return Verdict{Splat, fmt.Sprintf("unexpected taint %c", l), fmt.Sprintf("the kernel ended with taint %q; expected %q, allowed %q", taint, x.Taint, x.TaintAllowed)}
		}
	}
	for _, l := range x.Taint {
		if !strings.ContainsRune(taint, l) {
			return Verdict{TestFail, fmt.Sprintf("expected taint %c is missing", l), fmt.Sprintf("the kernel ended with taint %q: what should have tainted it did not happen", taint)}
		}
	}
	return Verdict{Class: Pass}
}

// list lists the reports, a line each.
func list(reports []splat.Report) string {
	var lines []string
	for _, r := range reports {
		line := fmt.Sprintf("console line %d: %s", r.Line, r.Title)
		if r.Count > 1 {
			line += fmt.Sprintf(" (%d times)", r.Count)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
