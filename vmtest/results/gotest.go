// SPDX-License-Identifier: Apache-2.0

package results

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// mark stands before each line that the testing package itself writes when a
// test binary runs with -test.v=test2json; what a test prints has none, so that
// a test cannot write its own verdict.
const mark = "\x16"

var (
	goStep = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME|ATTR)\s+(.*)$`)
	goEnd  = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP|BENCH): (.+) \((\d+(?:\.\d+)?)s\)$`)
)

// parseGo reads the output of a Go test binary. The report is complete when every
// test that started has ended and the last word was PASS or FAIL.
func parseGo(output []byte) Report {
	var r Report
	started := map[string]bool{}
	var order []string
	text := map[string]*strings.Builder{}
	current, verdict := "", ""
	add := func(name, s string) {
		if text[name] == nil {
			text[name] = &strings.Builder{}
		}
		text[name].WriteString(s)
	}
	for _, line := range lines(output) {
		// A test may print without a line end before the testing package writes.
		before, marked, found := strings.Cut(line, mark)
		if !found {
			add(current, line+"\n")
			continue
		}
		if before != "" {
			add(current, before+"\n")
		}
		if m := goStep.FindStringSubmatch(marked); m != nil {
			name := strings.TrimSpace(m[2])
			switch m[1] {
			case "RUN":
				if name != "" && !started[name] {
					started[name] = true
					order = append(order, name)
				}
				current = name
			case "PAUSE":
				current = ""
			case "CONT", "NAME":
				current = name
			}
			continue
		}
		if m := goEnd.FindStringSubmatch(marked); m != nil {
			seconds, _ := strconv.ParseFloat(m[3], 64)
			status := map[string]Status{"PASS": Pass, "FAIL": Fail, "SKIP": Skip, "BENCH": Pass}[m[1]]
			if !started[m[2]] && r.Problem == "" && m[1] != "BENCH" {
				r.Problem = fmt.Sprintf("test %s ended and never started", m[2])
			}
			delete(started, m[2])
			c := Case{Name: m[2], Status: status, Seconds: seconds}
			if b := text[m[2]]; b != nil {
				c.Output = b.String()
			}
			r.Cases = append(r.Cases, c)
			current = m[2]
			continue
		}
		switch word := strings.TrimSpace(marked); {
		case word == "PASS" || word == "FAIL":
			verdict = word
			current = ""
		default:
			add(current, marked+"\n")
		}
	}
	for _, name := range order {
		if started[name] {
			c := Case{Name: name, Status: Fail}
			if b := text[name]; b != nil {
				c.Output = b.String()
			}
			r.Cases = append(r.Cases, c)
		}
	}
	switch {
	case r.Problem != "":
	case len(started) > 0:
		r.Problem = fmt.Sprintf("%d tests started and never ended, the first is %s", len(started), firstOf(order, started))
	case verdict == "":
		r.Problem = "the last word of the test program, PASS or FAIL, is missing"
	case len(r.Cases) == 0:
		r.Problem = "no test was run"
	case verdict == "PASS" && len(r.Failed()) > 0:
		r.Problem = "the program says PASS although a test failed"
	case verdict == "FAIL" && len(r.Failed()) == 0:
		r.Problem = "the program says FAIL although no test failed"
	}
	return r
}

func firstOf(order []string, in map[string]bool) string {
	for _, name := range order {
		if in[name] {
			return name
		}
	}
	return ""
}
