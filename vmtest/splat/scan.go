// SPDX-License-Identifier: Apache-2.0

package splat

import (
	"bytes"
	"regexp"
	"strings"
)

// Report is one report found in a console.
type Report struct {
	// Title names the defect, the same in each run.
	Title string `json:"title"`
	// Kind says what the report is about.
	Kind Kind `json:"kind"`
	// Line is the number of its first line in the console, from 1.
	Line int `json:"line"`
	// Text is the first line as it stands in the console.
	Text string `json:"text"`
	// Count is how often a report of this title was seen.
	Count int `json:"count"`
}

// maxLine bounds what is kept of a line without end, as a guest that writes
// binary data to its console makes one.
const maxLine = 8 << 10

// maxReports bounds the list; a kernel that has splatted so often in different
// ways needs no longer one.
const maxReports = 200

// Scanner reads a console in pieces of any size and collects the reports in it.
// It keeps one line and the open reports, so a console may have any length.
type Scanner struct {
	line    []byte
	number  int
	reports []*Report
	byTitle map[string]*Report
	open    *Report // waits for the line that names its function
	where   *regexp.Regexp
	left    int
	last    int // number of the last line that a pattern matched
}

// Write takes the next piece of the console; it never fails.
func (s *Scanner) Write(b []byte) (int, error) {
	n := len(b)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			s.keep(b)
			return n, nil
		}
		s.keep(b[:i])
		s.end()
		b = b[i+1:]
	}
}

func (s *Scanner) keep(b []byte) {
	if room := maxLine - len(s.line); len(b) > room {
		b = b[:room] // the rest of an endless line says nothing
	}
	s.line = append(s.line, b...)
}

func (s *Scanner) end() {
	s.number++
	s.scan(strings.TrimRight(strings.ToValidUTF8(string(s.line), "�"), "\r"))
	s.line = s.line[:0]
}

// Reports ends the scan and returns what was found, in order of appearance.
func (s *Scanner) Reports() []Report {
	if len(s.line) > 0 {
		s.end()
	}
	s.close("")
	list := make([]Report, len(s.reports))
	for i, r := range s.reports {
		list[i] = *r
	}
	return list
}

var (
	// stamp is what printk writes before a message: level, time, caller.
	stamp = regexp.MustCompile(`^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?`)
	// glued is the time stamp of a message that begins in the middle of a line,
	// after another writer's text that had no line end.
	glued = regexp.MustCompile(`.(\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? )`)
)

// scan looks at one line, cut at every time stamp in the middle of it.
func (s *Scanner) scan(line string) {
	for {
		loc := glued.FindStringSubmatchIndex(line)
		if loc == nil {
			s.message(line)
			return
		}
		s.message(line[:loc[2]])
		line = line[loc[2]:]
	}
}

func (s *Scanner) message(line string) {
	msg := strings.TrimSpace(stamp.ReplaceAllString(line, ""))
	if s.open != nil {
		if m := s.where.FindStringSubmatch(msg); m != nil {
			s.close(m[1])
		} else if s.left--; s.left <= 0 {
			s.close("")
		}
	}
	for _, p := range patterns {
		m := p.re.FindStringSubmatchIndex(msg)
		if m == nil {
			continue
		}
		if p.follows && s.open != nil {
			return
		}
		s.last = s.number
		if p.title == "" {
			return
		}
		title := normalise(string(p.re.ExpandString(nil, p.title, msg, m)))
		r := &Report{Title: title, Kind: p.kind, Line: s.number, Text: line, Count: 1}
		s.close("")
		if p.where == nil {
			s.add(r)
			return
		}
		s.open, s.where, s.left = r, p.where, whereLines
		if m := p.where.FindStringSubmatch(msg); m != nil {
			s.close(m[1])
		}
		return
	}
	// A trace that no known report announces is still a trace.
	if trace.MatchString(msg) && (s.last == 0 || s.number-s.last > traceLines) {
		s.last = s.number
		s.add(&Report{Title: "stack trace of an unknown report", Kind: Splat, Line: s.number, Text: line, Count: 1})
	}
}

// traceLines is how far a stack trace may stand from the line that announces it.
const traceLines = 200

var trace = regexp.MustCompile(`^(?:Call [Tt]race:|RIP: 0010:)`)

// close finishes the open report with the function found, or without.
func (s *Scanner) close(function string) {
	if s.open == nil {
		return
	}
	r := s.open
	s.open = nil
	if f := normalise(function); f != "" {
		r.Title += " in " + f
	}
	s.add(r)
}

func (s *Scanner) add(r *Report) {
	if s.byTitle == nil {
		s.byTitle = map[string]*Report{}
	}
	if old := s.byTitle[r.Title]; old != nil {
		old.Count++
		return
	}
	if len(s.reports) == maxReports {
		return
	}
	s.byTitle[r.Title] = r
	s.reports = append(s.reports, r)
}

var noise = []struct {
	re   *regexp.Regexp
	with string
}{
	// func+0x1c/0x30 → func
	{regexp.MustCompile(`\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?`), ""},
	// func.constprop.0, func.isra.3, func.cold: the compiler's own names
	{regexp.MustCompile(`\.(?:constprop|isra|part|cold|llvm)(?:\.\d+)*`), ""},
	{regexp.MustCompile(`\b(?:0x)?[0-9a-f]{8,16}\b`), "ADDR"},
	{regexp.MustCompile(`\b0x[0-9a-f]+\b`), "NUM"},
	{regexp.MustCompile(`CPU#?:? ?\d+`), "CPU"},
	{regexp.MustCompile(`\bpid:? ?\d+`), "pid"},
	{regexp.MustCompile(`\s+`), " "},
}

// normalise removes from a title what differs between two runs or two builds.
func normalise(s string) string {
	for _, n := range noise {
		s = n.re.ReplaceAllString(s, n.with)
	}
	return strings.Trim(s, " .,:")
}
