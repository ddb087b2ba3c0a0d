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
	// A directive and its reason. XFAIL and XPASS are those of kselftests.
	tapDir = regexp.MustCompile(`(?i)(?:^|\s)#\s*(skip|todo|xfail|xpass)\b\s*(.*)$`)
	// What a kselftest has to say of a case without a directive: two blanks.
	tapNote = regexp.MustCompile(`\s#\s\s.*$`)
	// The last line of a kselftest.
	tapTotals = regexp.MustCompile(`^# Totals: pass:(\d+) fail:(\d+) xfail:(\d+) xpass:(\d+) skip:(\d+) error:(\d+)$`)
)

// parseTAP reads TAP as kselftests and others write it. Indented lines belong to
// a subtest; their result is repeated by the line of the parent, so they count
// as output only.
func parseTAP(output []byte) Report {
	var r Report
	var text []string
	plan, numbered := -1, 0
	var totals []string
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
		if m := tapTotals.FindStringSubmatch(line); m != nil {
			totals = m
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
			if !strings.EqualFold(m[3][d[2]:d[3]], "xpass") {
				c.Status = Skip // a todo that fails is expected to
			}
			c.Reason = m[3][d[4]:d[5]]
		} else if d := tapNote.FindStringIndex(m[3]); d != nil {
			c.Name = strings.TrimSpace(m[3][:d[0]])
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
	default:
		r.Problem = totalsDiffer(totals, r.Cases)
	}
	return r
}

// totalsDiffer says where a kselftest's own count is not ours: a line was lost or
// forged, or stood where it could not be read.
func totalsDiffer(totals []string, cases []Case) string {
	if totals == nil {
		return ""
	}
	n := make([]int, len(totals))
	for i := range n[1:] {
		n[i+1], _ = strconv.Atoi(totals[i+1])
	}
	pass, fail, skip := n[1]+n[4], n[2]+n[6], n[3]+n[5]
	if pass == Count(cases, Pass) && fail == Count(cases, Fail) && skip == Count(cases, Skip) {
		return ""
	}
	return fmt.Sprintf("the program counts %d passed, %d failed, %d skipped; its results are %d, %d and %d", pass, fail, skip,
		Count(cases, Pass), Count(cases, Fail), Count(cases, Skip))
}
