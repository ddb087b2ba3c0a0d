// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/results"
)

func TestKnownFailures(t *testing.T) {
	b := results.KnownFailure{Case: "TestB.*", Reason: "the kernel is too old"}
	other := results.KnownFailure{Case: "TestC", Reason: "was repaired"}
	flaky := results.KnownFailure{Case: "TestC", Reason: "comes and goes", Flaky: true}
	for _, c := range []struct {
		name   string
		known  []results.KnownFailure
		change func(*Seen)
		class  Class
		title  string
		detail string
	}{
		{"not known", nil, nil, TestFail, "t: TestB failed", ""},
		{"known", []results.KnownFailure{b}, nil, Pass, "", ""},
		{"one known and one not", []results.KnownFailure{b}, func(s *Seen) {
			s.Programs[0].Report.Cases = append(s.Programs[0].Report.Cases, results.Case{Name: "TestC", Status: results.Fail})
		}, TestFail, "t: TestC failed", ""},
		{"stale", []results.KnownFailure{b, other}, nil, TestFail, "known failure TestC did not happen", "TestC (was repaired)"},
		{"flaky", []results.KnownFailure{b, flaky}, nil, Pass, "", ""},
		{"stale after a failure", []results.KnownFailure{other}, nil, TestFail, "t: TestB failed", ""},
		{"another exit status", []results.KnownFailure{b}, func(s *Seen) { s.Programs[0].Exit, s.Done.Exit = 2, 2 }, TestFail, "t: ended with exit status 2", ""},
		{"ended by a signal", []results.KnownFailure{b}, func(s *Seen) { s.Programs[0].Signal = "SIGSEGV" }, TestFail, "t: was ended by SIGSEGV", ""},
		{"incomplete", []results.KnownFailure{b}, func(s *Seen) { s.Programs[0].Report.Problem = "no plan" }, TestFail, "t: incomplete results", "no plan"},
		{"exit status of another program", []results.KnownFailure{b}, func(s *Seen) { s.Done.Exit = 3 }, TestFail, "the guest's exit status is 3", ""},
		{"exit status for nothing", []results.KnownFailure{b}, func(s *Seen) {
			s.Programs = append(s.Programs, Program{Name: "u", Format: "exit", Ended: true, Exit: 1})
		}, TestFail, "u: ended with exit status 1", ""},
		{"nothing else", []results.KnownFailure{b}, func(s *Seen) { s.Programs[0].Report.Cases[0].Status = results.Skip }, TestFail, "t: no test has passed", ""},
	} {
		x, s := healthy()
		s.Programs[0].Report.Cases[1].Status = results.Fail // TestB
		s.Programs[0].Exit, s.Done.Exit = 1, 1
		if c.change != nil {
			c.change(s)
		}
		for i := range c.known {
			if err := c.known[i].Compile(); err != nil {
				t.Fatal(err)
			}
		}
		s.Excuse(c.known)
		v, _ := Judge(x, s)
		if v.Class != c.class || v.Title != c.title || !strings.Contains(v.Detail, c.detail) {
			t.Errorf("%s: %s (%s), want %s: %s (%s)", c.name, v, v.Detail, c.class, c.title, c.detail)
		}
	}
}
