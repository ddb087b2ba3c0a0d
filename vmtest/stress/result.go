// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Tally is what became of one disturbance.
type Tally struct {
	// Name is the disturbance's.
	Name string
	// Count is how often it happened.
	Count int64
	// Skipped is why the kernel could not do it; empty where it could.
	Skipped string
	// Note is what the disturbance has to say besides.
	Note   string
	source Disturbance
}

func (t *Tally) update() {
	if t.source != nil {
		t.Count, t.Note = t.source.Count(), t.source.Note()
	}
}

// Result is what a run did.
type Result struct {
	// Seed repeats the run.
	Seed uint64
	// Took is how long the load ran.
	Took time.Duration
	// Disturbances are in the order of the frame.
	Disturbances []*Tally
	// Requests are those of the load.
	Requests *Counters
}

// Count is how often the disturbance of that name happened; 0 for an unknown one.
func (r *Result) Count(name string) int64 {
	for _, t := range r.Disturbances {
		if t.Name == name {
			return t.Count
		}
	}
	return 0
}

// Skipped says why the disturbance of that name was left out; empty if it was not.
func (r *Result) Skipped(name string) string {
	for _, t := range r.Disturbances {
		if t.Name == name {
			return t.Skipped
		}
	}
	return ""
}

func (r *Result) finish() {
	for _, t := range r.Disturbances {
		t.update()
	}
}

// check finds what makes a run without an error worthless all the same.
func (r *Result) check() error {
	var found []error
	for _, t := range r.Disturbances {
		if t.Count == 0 && t.Skipped == "" {
			found = append(found, fmt.Errorf("%s never happened in %v: the run proves nothing about it", t.Name, r.Took.Round(time.Second)))
		}
	}
	for kind, n := range r.Requests.Kinds() {
		if n.OK == 0 {
			found = append(found, fmt.Errorf("load: not one request %q was answered (%d without memory, %d without module)", kind, n.NoMemory, n.Absent))
		}
	}
	if r.Requests.Total().OK == 0 {
		found = append(found, errors.New("load: it made no request"))
	}
	return errors.Join(found...)
}

// Line is the state of a run in one line.
func (r *Result) Line() string {
	var parts []string
	for _, t := range r.Disturbances {
		if t.source != nil {
			parts = append(parts, fmt.Sprintf("%s %d", t.Name, t.source.Count()))
		}
	}
	n := r.Requests.Total()
	parts = append(parts, fmt.Sprintf("requests %d answered, %d without memory, %d without module", n.OK, n.NoMemory, n.Absent))
	return strings.Join(parts, ", ")
}

// String is the report at the end, with a line for each disturbance and each
// kind of request.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stress: seed %d, ran %v\n", r.Seed, r.Took.Round(100*time.Millisecond))
	for _, t := range r.Disturbances {
		switch {
		case t.Skipped != "":
			fmt.Fprintf(&b, "  %-16s  skipped: %s\n", t.Name, t.Skipped)
		case t.Note != "":
			fmt.Fprintf(&b, "  %-16s %8d times (%s)\n", t.Name, t.Count, t.Note)
		default:
			fmt.Fprintf(&b, "  %-16s %8d times\n", t.Name, t.Count)
		}
	}
	b.WriteString(r.Requests.String())
	return b.String()
}
