// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// symbols stand beside each class, because not everybody sees its colour.
var symbols = map[verdict.Class]string{
	verdict.Pass:     "✓",
	verdict.TestFail: "✗",
	verdict.Splat:    "✸",
	verdict.Leak:     "◊",
	verdict.Hang:     "∞",
	verdict.BootFail: "⊘",
	verdict.Infra:    "!",
	NoResult:         "?",
	Unreadable:       "≠",
	Skipped:          "○",
}

// Symbol is the sign of the result: that of success, or that of its class.
func (c *Cell) Symbol() string {
	if c.Status == OK {
		return symbols[verdict.Pass]
	}
	if c.Class == verdict.Pass { // and something else was expected
		return symbols[verdict.TestFail]
	}
	return symbolOf(c.Class)
}

func symbolOf(c verdict.Class) string {
	if s := symbols[c]; s != "" {
		return s
	}
	return "?"
}

// meanings explain the classes to somebody who reads the page for the first time.
var meanings = map[verdict.Class]string{
	verdict.Pass:     "everything was there",
	verdict.TestFail: "a test failed, or its results are incomplete",
	verdict.Splat:    "the kernel reported a defect",
	verdict.Leak:     "memory was left without an owner",
	verdict.Hang:     "the time limit came",
	verdict.BootFail: "the guest never came up",
	verdict.Infra:    "QEMU, the harness or the machine: proves nothing",
	NoResult:         "the test was started and left no result",
	Unreadable:       "the result could not be read",
	Skipped:          "there was nothing to run",
}

func symbolOfCase(s results.Status) string {
	switch s {
	case results.Pass:
		return "✓"
	case results.Skip:
		return "○"
	case results.Known:
		return "△"
	}
	return "✗"
}

// seconds is a time as a reader wants it.
func seconds(s float64) string {
	switch {
	case s >= 3600:
		return fmt.Sprintf("%d h %d min", int(s)/3600, int(s)/60%60)
	case s >= 300:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	case s >= 100:
		return fmt.Sprintf("%.0f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04 UTC") }

// Rerun is the command that runs the test again.
func (c *Cell) Rerun() string { return "tools/bazel test " + shellWord(c.Label) }

// shellWord quotes what a shell would not take as one plain word.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:._+-=@%,", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Failed lists the program's failed cases.
func (p Program) Failed() []results.Case {
	var failed []results.Case
	for _, c := range p.Cases {
		if c.Status == results.Fail {
			failed = append(failed, c)
		}
	}
	return failed
}

// Trouble says what went wrong with the program itself.
func (p Program) Trouble() string {
	var all []string
	if p.Signal != "" {
		all = append(all, "ended by "+p.Signal)
	} else if p.Exit != 0 {
		all = append(all, fmt.Sprintf("exit status %d", p.Exit))
	}
	for _, s := range []string{p.Error, p.Problem} {
		if s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}

// Tally counts the program's cases in words.
func (p Program) Tally() string {
	if len(p.Cases) == 0 {
		return "no cases"
	}
	s := plural(len(p.Cases), "case")
	if n := p.Count(results.Fail); n > 0 {
		s += fmt.Sprintf(", %d failed", n)
	}
	if n := p.Count(results.Known); n > 0 {
		s += fmt.Sprintf(", %d known to fail", n)
	}
	if n := p.Count(results.Skip); n > 0 {
		s += fmt.Sprintf(", %d skipped", n)
	}
	return s
}
