// SPDX-License-Identifier: Apache-2.0

package report

import (
	"time"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/runner"
	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// Classes of cells that are no verdict of the harness.
const (
	Skipped    verdict.Class = "SKIP"       // the runner said why there was nothing to run
	NoResult   verdict.Class = "NO RESULT"  // the test was started, and no result.json is there
	Unreadable verdict.Class = "UNREADABLE" // result.json is broken, or of a form not known here
)

// Status says what a cell means to somebody who asks whether all is well.
type Status string

// The statuses of a cell.
const (
	OK   Status = "ok"   // the test has shown what it was to show
	Bad  Status = "bad"  // it has not, or nobody knows
	Skip Status = "skip" // it did not run, for a reason that is allowed
)

// Matrix is everything that the report says. The same logs give the same Matrix.
type Matrix struct {
	// Schema is the version of this form.
	Schema int `json:"schema"`
	// Newest and Oldest are the times of the newest and oldest result, in UTC.
	Newest time.Time `json:"newest,omitzero"`
	Oldest time.Time `json:"oldest,omitzero"`
	// Totals counts the results.
	Totals Totals `json:"totals"`
	// Times says how long the results took together.
	Times Times `json:"times"`
	// Boot has the harness's own share, a line for each group of kernels.
	Boot []Boot `json:"boot"`
	// Kernels are the columns in their order.
	Kernels []*Kernel `json:"kernels"`
	// Packages are the rows, grouped by the package of their tests.
	Packages []*Package `json:"packages"`
	// Warnings tell what in the logs could not be used.
	Warnings []string `json:"warnings,omitempty"`
	// Incomplete is true when a folder could not be read: what lies in it is not here.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Kernel is one column.
type Kernel struct {
	// Key is <distribution>/<arch>/<release>, or what else the kernel was called.
	Key          string `json:"key"`
	Distribution string `json:"distribution,omitempty"`
	Arch         string `json:"arch"`
	Release      string `json:"release"`
	// Debug is true for the kernels that are built here to find defects.
	Debug bool `json:"debug,omitempty"`
}

// Group names the columns among which the kernel stands.
func (k *Kernel) Group() string {
	if k.Debug {
		return k.Arch + " debug"
	}
	return k.Arch
}

// Package is a group of rows.
type Package struct {
	// Name is the Bazel package, as //vmtest/tests/load.
	Name string `json:"name"`
	Rows []*Row `json:"rows"`
}

// Row is one test on all kernels.
type Row struct {
	// Name is the target's name without the kernel's key at its end.
	Name string `json:"name"`
	// Cells are the results in the order of the columns; a kernel under which the
	// test did not run has none, and one may stand in several columns.
	Cells []*Cell `json:"cells"`
}

// On is the result under a kernel, or nil.
func (r *Row) On(k *Kernel) *Cell {
	for _, c := range r.Cells {
		if c.Kernel == k.Key && c.Roles == nil || len(c.RolesOn(k)) > 0 {
			return c
		}
	}
	return nil
}

// Cell is the result of one test. All text in it is fit to be shown: see clean.
type Cell struct {
	// Label is the test's label, Kernel the key of its kernel. Where several guests
	// took part Kernel names all theirs, and Arch is empty if they differ in it.
	Label  string `json:"label"`
	Kernel string `json:"kernel"`
	Arch   string `json:"arch"`
	// Roles are the guests of a test of several, and Wire says what crossed their
	// network; a test of one has neither.
	Roles  []Role `json:"roles,omitempty"`
	Wire   string `json:"wire,omitempty"`
	Status Status `json:"status"`
	// Class and Title are the verdict; Expected is what the test asks for, if that is
	// not PASS.
	Class    verdict.Class `json:"class"`
	Title    string        `json:"title,omitempty"`
	Detail   string        `json:"detail,omitempty"`
	Expected string        `json:"expected,omitempty"`
	// Release is what uname -r said, Accel what the guest ran on.
	Release string `json:"release,omitempty"`
	Accel   string `json:"accel,omitempty"`
	// Times are in seconds; all are 0 where they are not known.
	Times    runner.Times   `json:"times"`
	Programs []Program      `json:"programs,omitempty"`
	Reports  []splat.Report `json:"reports,omitempty"`
	Ignored  []string       `json:"ignored,omitempty"`
	// Tails are the ends of the logs that tell of a result that is not ok.
	Tails []Tail `json:"tails,omitempty"`
	// Files are what the test left behind.
	Files []File `json:"files,omitempty"`
	// When is the time of the result's file, in UTC.
	When time.Time `json:"when"`
	// Notes tell what else a reader should know.
	Notes []string `json:"notes,omitempty"`
	// rel is where it was found.
	rel string
}

// Tail is the end of a log.
type Tail struct {
	// Name is the file's, Text its last lines.
	Name string `json:"name"`
	Text string `json:"text"`
}

// Program is the result of one program in the guest.
type Program struct {
	Name    string  `json:"name"`
	Exit    int     `json:"exit"`
	Signal  string  `json:"signal,omitempty"`
	Error   string  `json:"error,omitempty"`
	Problem string  `json:"problem,omitempty"`
	Seconds float64 `json:"seconds"`
	// Cases have their output where they did not pass.
	Cases []results.Case `json:"cases,omitempty"`
}

// Count is how many of the program's cases ended so.
func (p Program) Count(s results.Status) int {
	n := 0
	for _, c := range p.Cases {
		if c.Status == s {
			n++
		}
	}
	return n
}

// File is a file of a test, or the archive in which it lies.
type File struct {
	Name string `json:"name"`
	// Path is relative to the folder of the report where that can be.
	Path string `json:"path"`
}

// Cells lists all results in the order of the rows.
func (m *Matrix) Cells() []*Cell {
	var all []*Cell
	for _, p := range m.Packages {
		for _, r := range p.Rows {
			all = append(all, r.Cells...)
		}
	}
	return all
}

// With lists the results of one status.
func (m *Matrix) With(s Status) []*Cell {
	var some []*Cell
	for _, c := range m.Cells() {
		if c.Status == s {
			some = append(some, c)
		}
	}
	return some
}

// Healthy is true when something was tested and nothing of it is bad or unknown.
func (m *Matrix) Healthy() bool {
	return m.Totals.Bad == 0 && m.Totals.OK > 0 && !m.Incomplete
}
