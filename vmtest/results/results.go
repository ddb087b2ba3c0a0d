// SPDX-License-Identifier: Apache-2.0

// Package results reads what test programs print: the Test Anything Protocol and
// the marked output of Go tests.
package results

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// Status is how one case has ended.
type Status string

// The statuses of a case.
const (
	Pass Status = "pass"
	Fail Status = "fail"
	Skip Status = "skip"
	// Known is a failure that was foretold, see KnownFailure.
	Known Status = "known"
)

// Case is one test of a program.
type Case struct {
	// Name is the test's name; subtests are joined by '/'.
	Name string `json:"name"`
	// Status is how it ended.
	Status Status `json:"status"`
	// Reason says why it was skipped, where the program says so, or why its failure
	// is known.
	Reason string `json:"reason,omitempty"`
	// Seconds is how long it took, where the program says so.
	Seconds float64 `json:"seconds"`
	// Output is what it printed.
	Output string `json:"output,omitempty"`
}

// Report is what a program's output says in whole.
type Report struct {
	// Cases in the order in which they ended.
	Cases []Case
	// Problem says why the output is no complete report: a plan that was not
	// fulfilled, a test without an end, no test at all. Empty means complete.
	Problem string
}

// Failed lists the names of failed cases.
func (r *Report) Failed() []string {
	var names []string
	for _, c := range r.Cases {
		if c.Status == Fail {
			names = append(names, c.Name)
		}
	}
	return names
}

// Parse reads the whole output of a program in the given format.
func Parse(format string, output []byte) Report {
	switch format {
	case wire.FormatTAP:
		return parseTAP(output)
	case wire.FormatGo:
		return parseGo(output)
	case wire.FormatExit:
		return Report{}
	}
	return Report{Problem: fmt.Sprintf("unknown format of results %q", format)}
}

// lines splits output into lines without their ends.
func lines(output []byte) []string {
	if len(output) == 0 {
		return nil
	}
	text := strings.ToValidUTF8(string(bytes.TrimSuffix(output, []byte("\n"))), "�")
	list := strings.Split(text, "\n")
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], "\r")
	}
	return list
}
