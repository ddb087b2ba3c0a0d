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
	"sort"
)

// Results are the tests of one run.
type Results struct {
	Passed  []string
	Failed  map[string]string // label to status, such as FAILED or TIMEOUT
	Flaky   []string          // passed, but not at the first try
	Skipped []string          // could not be built for this platform
	Aborted bool              // the build stopped before it was finished
}

type event struct {
	ID struct {
		TestSummary *struct {
			Label string `json:"label"`
		} `json:"testSummary"`
		TargetCompleted *struct {
			Label string `json:"label"`
		} `json:"targetCompleted"`
		BuildFinished *struct{} `json:"buildFinished"`
	} `json:"id"`
	TestSummary *struct {
		OverallStatus string `json:"overallStatus"`
	} `json:"testSummary"`
	Aborted *struct {
		Reason string `json:"reason"`
	} `json:"aborted"`
}

// Read takes a whole event file. A file that ends before the build did is
// reported by Aborted, not by an error: its tests still count.
func Read(r io.Reader) (*Results, error) {
	res := &Results{Failed: map[string]string{}, Aborted: true}
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
		case e.ID.TargetCompleted != nil && e.Aborted != nil && e.Aborted.Reason == "SKIPPED":
			res.Skipped = append(res.Skipped, e.ID.TargetCompleted.Label)
		case e.ID.TestSummary != nil && e.TestSummary != nil:
			res.add(e.ID.TestSummary.Label, e.TestSummary.OverallStatus)
		}
	}
	sort.Strings(res.Passed)
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

// Bad reports whether the run must not count as green.
func (r *Results) Bad() bool {
	return len(r.Failed) > 0 || len(r.Passed) == 0 || r.Aborted
}

// Print lists what did not go well and ends with the line "N passed, N failed".
func (r *Results) Print(w io.Writer) {
	labels := make([]string, 0, len(r.Failed))
	for label := range r.Failed {
		labels = append(labels, label)
	}
	sort.Strings(labels)
	for _, label := range labels {
		fmt.Fprintf(w, "%-8s %s\n", r.Failed[label], label)
	}
	for _, label := range r.Flaky {
		fmt.Fprintf(w, "%-8s %s\n", "FLAKY", label)
	}
	if r.Aborted {
		fmt.Fprintln(w, "the build was stopped before its end")
	}
	fmt.Fprintf(w, "%d passed, %d failed\n", len(r.Passed), len(r.Failed))
}
