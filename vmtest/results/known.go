// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"regexp"
	"strings"
)

// KnownFailure is a failure that somebody has looked into: the cases that it
// names may fail, and the report says why.
type KnownFailure struct {
	// Case is a pattern for the whole name of a case.
	Case string `json:"case"`
	// Reason says why the case fails.
	Reason string `json:"reason"`
	// Flaky is true where the case passes at times, so that an entry without a
	// failure is no mistake.
	Flaky bool `json:"flaky,omitempty"`

	match *regexp.Regexp
}

// Compile checks the entry, and makes it ready for Excuse.
func (k *KnownFailure) Compile() (err error) {
	if strings.TrimSpace(k.Case) == "" || strings.TrimSpace(k.Reason) == "" {
		return fmt.Errorf("case %q, reason %q: a pattern and the reason why such a case fails are needed", k.Case, k.Reason)
	}
	k.match, err = regexp.Compile(`^(?:` + k.Case + `)$`)
	return err
}

// Excuse turns the failed cases that are known into known ones, in place. It adds
// to used[i] how many cases the entry i has excused; of two entries that match a
// case the first counts. All entries must be compiled.
func (r *Report) Excuse(known []KnownFailure, used []int) {
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Status != Fail {
			continue
		}
		for j, k := range known {
			if k.match.MatchString(c.Name) {
				c.Status, c.Reason = Known, k.Reason
				used[j]++
				break
			}
		}
	}
}

// Count says how many cases have a status.
func Count(cases []Case, s Status) int {
	n := 0
	for _, c := range cases {
		if c.Status == s {
			n++
		}
	}
	return n
}
