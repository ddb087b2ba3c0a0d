// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	tapPlan = regexp.MustCompile(`^1\.\.(\d+)(?:\s*#\s*(.*))?$`)
	tapCase = regexp.MustCompile(`^(not )?ok\b\s*(\d*)\s*(?:-\s*)?(.*)$`)
	tapDir  = regexp.MustCompile(`(?i)(?:^|\s)#\s*(skip|todo)\b\s*(.*)$`)
	// kselftests write "ok 3 # SKIP" and also "ok 3 name # XFAIL reason".
	tapXfail = regexp.MustCompile(`(?i)(?:^|\s)#\s*xfail\b`)
)

// parseTAP reads TAP as kselftests and others write it. Indented lines belong to
// a subtest; their result is repeated by the line of the parent, so they count
// as output only.
func parseTAP(output []byte) Report {
	var r Report
	var text []string
	plan, numbered := -1, 0
	reject := func(format string, args ...any) {
		if r.Problem == "" {
			r.Problem = fmt.Sprintf(format, args...)
		}
	}
	for _, line := range lines(output) {
		if m := tapPlan.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			switch {
			case err != nil:
				reject("plan %q has no usable number", line)
			case plan >= 0:
				reject("second plan %q after 1..%d", line, plan)
			default:
				plan = n
			}
			continue
		}
		if strings.HasPrefix(line, "Bail out!") {
			reject("the program gave up: %s", line)
			continue
		}
		m := tapCase.FindStringSubmatch(line)
		if m == nil {
			text = append(text, line)
			continue
		}
		numbered++
		if m[2] != "" && m[2] != strconv.Itoa(numbered) {
			reject("result %q comes where number %d was due", line, numbered)
		}
		c := Case{Name: strings.TrimSpace(m[3]), Status: Pass}
		if m[1] != "" {
			c.Status = Fail
		}
		if d := tapDir.FindStringSubmatchIndex(m[3]); d != nil {
			c.Name = strings.TrimSpace(m[3][:d[0]])
			c.Status = Skip // a todo that fails is expected to
		} else if d := tapXfail.FindStringIndex(m[3]); d != nil {
			c.Name = strings.TrimSpace(m[3][:d[0]])
			c.Status = Skip
		}
		if c.Name == "" {
			c.Name = "test " + strconv.Itoa(numbered)
		}
		if len(text) > 0 {
			c.Output = strings.Join(text, "\n") + "\n"
			text = nil
		}
		r.Cases = append(r.Cases, c)
	}
	switch {
	case r.Problem != "":
	case plan < 0:
		r.Problem = fmt.Sprintf("no plan (1..N) in the TAP output, %d results", len(r.Cases))
	case plan != len(r.Cases):
		r.Problem = fmt.Sprintf("TAP plan says %d results, %d came", plan, len(r.Cases))
	}
	return r
}
