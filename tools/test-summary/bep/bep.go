// SPDX-License-Identifier: Apache-2.0

// Package bep reads test results out of Bazel's build event protocol, in its
// form of one JSON object a line
// (src/main/java/com/google/devtools/build/lib/buildeventstream/proto/build_event_stream.proto
// of Bazel).
package bep

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
)

// Results are the tests of one run, and the targets that could not be built.
type Results struct {
	Passed  []string
	Failed  map[string]string // label to status, such as FAILED, TIMEOUT or FAILED_TO_BUILD
	Ends    map[string]string // label of a test that failed to the end of its log
	Flaky   []string          // passed, but not at the first try
	Skipped []string          // not meant for this platform
	Idle    []string          // said themselves that they tested nothing, such as a VM without its kernel
	Aborted bool              // the build stopped before it was finished
	Exit    string            // how Bazel itself says that it ended, such as SUCCESS or PARSING_FAILURE
}

type event struct {
	ID struct {
		TestSummary *struct {
			Label string `json:"label"`
		} `json:"testSummary"`
		TargetCompleted *struct {
			Label string `json:"label"`
		} `json:"targetCompleted"`
		TestResult *struct {
			Label string `json:"label"`
		} `json:"testResult"`
		BuildFinished *struct{} `json:"buildFinished"`
	} `json:"id"`
	TestResult struct {
		Status  string `json:"status"`
		Outputs []struct {
			Name string `json:"name"`
			URI  string `json:"uri"`
		} `json:"testActionOutput"`
	} `json:"testResult"`
	TestSummary *struct {
		OverallStatus string `json:"overallStatus"`
	} `json:"testSummary"`
	Completed struct {
		Success bool `json:"success"`
	} `json:"completed"`
	Finished struct {
		ExitCode struct {
			Name string `json:"name"`
		} `json:"exitCode"`
	} `json:"finished"`
	Aborted *struct {
		Reason string `json:"reason"`
	} `json:"aborted"`
}

// Read takes a whole event file. A file that ends before the build did is
// reported by Aborted, not by an error: its tests still count.
func Read(r io.Reader) (*Results, error) {
	res := &Results{Failed: map[string]string{}, Ends: map[string]string{}, Aborted: true}
	var unbuilt []string
	idle := map[string]bool{}
	d := json.NewDecoder(r)
	for n := 1; ; n++ {
		var e event
		err := d.Decode(&e)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", n, err)
		}
		switch {
		case e.ID.BuildFinished != nil:
			res.Aborted = false
			res.Exit = e.Finished.ExitCode.Name
		case e.ID.TargetCompleted != nil && e.Aborted != nil && e.Aborted.Reason == "SKIPPED":
			res.Skipped = append(res.Skipped, e.ID.TargetCompleted.Label)
		case e.ID.TargetCompleted != nil && !e.Completed.Success:
			unbuilt = append(unbuilt, e.ID.TargetCompleted.Label)
		case e.ID.TestResult != nil:
			for _, o := range e.TestResult.Outputs {
				switch {
				case o.Name == "test.xml":
					idle[e.ID.TestResult.Label] = testedNothing(o.URI)
				case o.Name == "test.log" && e.TestResult.Status != "PASSED":
					res.Ends[e.ID.TestResult.Label] = logEnd(o.URI)
				}
			}
		case e.ID.TestSummary != nil && e.TestSummary != nil:
			res.add(e.ID.TestSummary.Label, e.TestSummary.OverallStatus)
		case e.ID.TestSummary != nil:
			// Announced with its target and then never run.
			res.add(e.ID.TestSummary.Label, "NO_STATUS")
		}
	}
	// A test that could not be built has no summary, and neither has what is no
	// test: without this, a run with nothing but broken targets has no failures.
	for _, label := range unbuilt {
		if _, ok := res.Failed[label]; !ok {
			res.add(label, "FAILED_TO_BUILD")
		}
	}
	res.Passed = slices.DeleteFunc(res.Passed, func(label string) bool {
		if idle[label] {
			res.Idle = append(res.Idle, label)
		}
		return idle[label]
	})
	sort.Strings(res.Passed)
	sort.Strings(res.Idle)
	sort.Strings(res.Flaky)
	sort.Strings(res.Skipped)
	return res, nil
}

func (r *Results) add(label, status string) {
	switch status {
	case "PASSED":
		r.Passed = append(r.Passed, label)
	case "FLAKY":
		r.Passed = append(r.Passed, label)
		r.Flaky = append(r.Flaky, label)
	default: // FAILED, TIMEOUT, INCOMPLETE, REMOTE_FAILURE, FAILED_TO_BUILD, NO_STATUS
		r.Failed[label] = status
	}
}

// Join takes several runs together, each of other tests. Whether one of them was
// bad is for each to say: a run without tests does not show here.
func Join(runs ...*Results) *Results {
	all := &Results{Failed: map[string]string{}, Ends: map[string]string{}}
	for _, r := range runs {
		all.Passed = append(all.Passed, r.Passed...)
		all.Flaky = append(all.Flaky, r.Flaky...)
		all.Skipped = append(all.Skipped, r.Skipped...)
		all.Idle = append(all.Idle, r.Idle...)
		maps.Copy(all.Failed, r.Failed)
		maps.Copy(all.Ends, r.Ends)
		all.Aborted = all.Aborted || r.Aborted
		if !all.ended() {
			all.Exit = r.Exit
		}
	}
	return all
}

// Bad reports whether the run must not count as green.
func (r *Results) Bad() bool {
	return len(r.Failed) > 0 || len(r.Passed) == 0 || r.Aborted || r.ended() || r.tooIdle()
}

// tooIdle: of the kernels one in ten may be gone (docs/kernels.md), so of the
// tests that want them too.
func (r *Results) tooIdle() bool { return len(r.Idle)*10 > len(r.Idle)+len(r.Passed) }

// ended reports whether Bazel says that something is wrong, such as a BUILD file
// that cannot be read, which belongs to no target.
func (r *Results) ended() bool { return r.Exit != "" && r.Exit != "SUCCESS" }

// Print lists what did not go well, with the end of each failed test's log, and ends with the line "N passed, N failed",
// to which ", N skipped" is added for tests that tested nothing.
func (r *Results) Print(w io.Writer) {
	labels := make([]string, 0, len(r.Failed))
	for label := range r.Failed {
		labels = append(labels, label)
	}
	sort.Strings(labels)
	for _, label := range labels {
		fmt.Fprintf(w, "%-8s %s\n", r.Failed[label], label)
		io.WriteString(w, r.Ends[label])
	}
	for _, label := range r.Flaky {
		fmt.Fprintf(w, "%-8s %s\n", "FLAKY", label)
	}
	for _, label := range r.Skipped {
		fmt.Fprintf(w, "%-8s %s\n", "SKIPPED", label)
	}
	for _, label := range r.Idle {
		fmt.Fprintf(w, "%-8s %s\n", "IDLE", label)
	}
	if r.tooIdle() {
		fmt.Fprintln(w, "more than one test in ten tested nothing; their logs say what was missing")
	}
	if r.ended() && len(r.Failed) == 0 {
		fmt.Fprintf(w, "bazel ended with %s; its log says why\n", r.Exit)
	}
	if r.Aborted {
		fmt.Fprintln(w, "the build was stopped before its end")
	}
	fmt.Fprintf(w, "%d passed, %d failed", len(r.Passed), len(r.Failed))
	if len(r.Idle) > 0 {
		fmt.Fprintf(w, ", %d skipped", len(r.Idle))
	}
	fmt.Fprintln(w)
}
