// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"fmt"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// hunks applies the hunks of one file, in order.
func hunks(data []byte, fragments []*gitdiff.TextFragment) ([]byte, error) {
	if len(fragments) == 0 {
		return data, nil
	}
	lines := strings.SplitAfter(string(data), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var b strings.Builder
	next := 0  // first line that no hunk has had
	moved := 0 // how far the last hunk lay from where it says
	for i, f := range fragments {
		h := hunk{f, side(f, gitdiff.Line.Old), side(f, gitdiff.Line.New)}
		at, err := h.place(lines, next, moved)
		if err != nil {
			return nil, fmt.Errorf("hunk %d of %d (%s) does not apply: %w", i+1, len(fragments), strings.TrimSpace(f.Header()), err)
		}
		for _, line := range lines[next:at] {
			b.WriteString(line)
		}
		for _, line := range h.after {
			b.WriteString(line)
		}
		next, moved = at+len(h.before), at-h.expected()
	}
	for _, line := range lines[next:] {
		b.WriteString(line)
	}
	return []byte(b.String()), nil
}

// hunk is a fragment with the lines that it finds and leaves.
type hunk struct {
	*gitdiff.TextFragment
	before, after []string
}

func side(f *gitdiff.TextFragment, of func(gitdiff.Line) bool) []string {
	var lines []string
	for _, line := range f.Lines {
		if of(line) {
			lines = append(lines, line.Line)
		}
	}
	return lines
}

// expected is the index of the line where the hunk says that it begins.
func (h hunk) expected() int { return max(int(h.OldPosition)-1, 0) }

// place finds the lines of the hunk, as GNU patch does without fuzz: where it
// says, or next to there. One whose context ends early lies at an end of the
// file, and one without context lies where it says or nowhere.
func (h hunk) place(lines []string, from, moved int) (int, error) {
	if err := h.Validate(); err != nil {
		return 0, err
	}
	if len(h.before) == 0 {
		if h.OldPosition == 0 && len(lines) == 0 {
			return 0, nil
		}
		return 0, fmt.Errorf("it names no line of the file, which has %d, so nothing says that its place is right", len(lines))
	}
	want := h.expected() + moved
	last := len(lines) - len(h.before)
	low, high := from, last
	switch {
	case h.LeadingContext == 0 && h.TrailingContext == 0:
		low, high = max(from, want), min(last, want)
	case h.LeadingContext < h.TrailingContext && h.OldPosition <= 1:
		high = min(last, 0)
	case h.TrailingContext < h.LeadingContext:
		low = max(from, last)
	}
	if at, ok := nearest(lines, h.before, want, low, high); ok {
		return at, nil
	}
	where := fmt.Sprintf("its lines are neither at line %d nor elsewhere", want+1)
	if _, ok := nearest(lines, h.after, want, from, len(lines)-len(h.after)); ok && len(h.after) > 0 {
		return 0, fmt.Errorf("%s; its result is there already", where)
	}
	for i, line := range h.before {
		if at := want + i; at < 0 || at >= len(lines) {
			return 0, fmt.Errorf("%s; the file has %d lines", where, len(lines))
		} else if lines[at] != line {
			return 0, fmt.Errorf("%s; line %d is %.80q, not %.80q", where, at+1, lines[at], line)
		}
	}
	return 0, fmt.Errorf("%s that a hunk may lie: lines %d to %d are behind the hunk before it and at the end that its context asks for", where, low+1, high+1)
}

// nearest looks for lines from low to high, first at want, then ever farther.
func nearest(lines, wanted []string, want, low, high int) (int, bool) {
	matches := func(at int) bool {
		if at < low || at > high || at < 0 || at+len(wanted) > len(lines) {
			return false
		}
		for i, line := range wanted {
			if lines[at+i] != line {
				return false
			}
		}
		return true
	}
	want = max(low, min(want, high))
	far := max(want-low, high-want)
	for d := 0; d <= far; d++ {
		for _, at := range []int{want + d, want - d} {
			if matches(at) {
				return at, true
			}
		}
	}
	return 0, false
}
