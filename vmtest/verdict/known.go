// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"fmt"
	"strings"

	"github.com/tidelock/tidelock/vmtest/results"
)

// failedExit is the exit status of a test program, of a Go test as of a kselftest,
// of which a test has failed.
const failedExit = 1

// Excuse marks the failures that are known in the reports of all programs, and notes
// the entries that were of no use.
func (s *Seen) Excuse(known []results.KnownFailure) {
	used := make([]int, len(known))
	for i := range s.Programs {
		s.Programs[i].Report.Excuse(known, used)
	}
	s.Stale = nil
	for i, k := range known {
		if used[i] == 0 && !k.Flaky {
			s.Stale = append(s.Stale, k)
		}
	}
}

// excusedExit is the exit status that known failures explain; 0 where there is none.
func excusedExit(programs []Program) int {
	for _, p := range programs {
		if results.Count(p.Report.Cases, results.Known) > 0 {
			return failedExit
		}
	}
	return 0
}

// judgeStale refuses a list of known failures that is too long: what was repaired
// could break again without anybody noticing.
func judgeStale(stale []results.KnownFailure) (Verdict, bool) {
	if len(stale) == 0 {
		return Verdict{}, true
	}
	lines := []string{"Remove from known_failures of the test, or move to flaky_failures if it comes and goes:"}
	for _, k := range stale {
		lines = append(lines, fmt.Sprintf("  %s (%s)", k.Case, k.Reason))
	}
	return Verdict{TestFail, "known failure " + stale[0].Case + " did not happen", strings.Join(lines, "\n")}, false
}
