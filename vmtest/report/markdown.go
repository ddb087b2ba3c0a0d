// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// Markdown is the report for places that show no HTML. Each package has a table of
// its own there, with the kernels that its tests ran under.
func (m *Matrix) Markdown() ([]byte, error) {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# VM tests\n\n%s.", m.Summary())
	if !m.Newest.IsZero() {
		p(" Newest result: %s.", moment(m.Newest))
		if !m.Oldest.Equal(m.Newest) {
			p(" Oldest: %s.", moment(m.Oldest))
		}
	}
	p("\n")
	if m.Totals.All > 0 {
		p("\n| class | results | expected | |\n|---|---:|---:|---|\n")
		for _, c := range m.Totals.Classes {
			expected := ""
			if c.Expected > 0 {
				expected = fmt.Sprint(c.Expected)
			}
			p("| %s %s | %d | %s | %s |\n", symbolOf(c.Class), plain(string(c.Class)), c.Count, expected, meanings[c.Class])
		}
	}
	m.markdownBad(p)
	if skipped := m.With(Skip); len(skipped) > 0 {
		p("\n## Skipped\n\n")
		for _, c := range skipped {
			p("- %s: %s\n", code(c.Label), code(c.Title))
		}
	}
	m.markdownTables(p)
	m.markdownTimes(p)
	if len(m.Warnings) > 0 {
		p("\n## Not used\n\n")
		for _, w := range m.Warnings {
			p("- %s\n", code(w))
		}
	}
	return b.Bytes(), nil
}

type printer func(format string, args ...any)

func (m *Matrix) markdownBad(p printer) {
	bad := m.With(Bad)
	if len(bad) == 0 {
		return
	}
	p("\n## Not as expected\n")
	for _, c := range bad {
		p("\n### %s %s %s\n\n", c.Symbol(), plain(string(c.Class)), plain(c.Label))
		if c.Title != "" {
			p("- title: %s\n", code(c.Title))
		}
		if c.Expected != "" {
			p("- expected: %s\n", code(c.Expected))
		}
		if c.Roles == nil {
			p("- kernel: %s\n", code(c.Kernel))
		}
		for _, r := range c.Roles {
			p("- role %s on %s", plain(r.Name), code(r.Kernel))
			if r.Class != "" {
				p(": %s", code(r.Verdict()))
			}
			p("\n")
		}
		if c.Wire != "" {
			p("- wire: %s\n", c.Wire)
		}
		if c.Times.Total > 0 {
			p("- time: %s\n", seconds(c.Times.Total))
		}
		if !c.When.IsZero() {
			p("- result of: %s\n", moment(c.When))
		}
		for _, n := range c.Notes {
			p("- note: %s\n", code(n))
		}
		var files []string
		for _, f := range c.Files {
			files = append(files, fmt.Sprintf("[%s](%s)", plain(f.Name), f.link()))
		}
		if len(files) > 0 {
			p("- files: %s\n", strings.Join(files, ", "))
		}
		p("- again: %s\n", code(c.Rerun()))
		if c.Detail != "" {
			p("\n%s", fence(c.Detail))
		}
		for _, prog := range c.Programs {
			for _, k := range prog.Failed() {
				p("\n%s failed", code(k.Name))
				if k.Output == "" {
					p(".\n")
					continue
				}
				p(":\n\n%s", fence(k.Output))
			}
		}
	}
}

func (m *Matrix) markdownTimes(p printer) {
	if len(m.Times.Slowest) == 0 {
		return
	}
	p("\n## Times\n\nAll tests together: %s; the median: %s. The slowest:\n\n", seconds(m.Times.Total), seconds(m.Times.Median))
	for _, s := range m.Times.Slowest {
		p("- %s %s\n", seconds(s.Seconds), code(s.Label))
	}
	if len(m.Boot) == 0 {
		return
	}
	p("\nWhat the harness costs, in guests that were alone and passed (minimum / median / maximum):\n\n")
	p("| kernels | guests | all but the programs | until init reports |\n|---|---:|---:|---:|\n")
	for _, b := range m.Boot {
		p("| %s | %d | %s | %s |\n", plain(b.Group), b.Guests, b.Overhead, b.Boot)
	}
}

// String shows the three numbers.
func (s Spread) String() string {
	return fmt.Sprintf("%.1f / %.1f / %.1f s", s.Min, s.Median, s.Max)
}

// plain is a text that Markdown shows as it is, in a table too: neither markup,
// nor a link, a mention, an entity or the end of the cell.
func plain(s string) string {
	var b strings.Builder
	runes := []rune(strings.ReplaceAll(s, "\n", " "))
	for i, r := range runes {
		inWord := r == '_' && i > 0 && i < len(runes)-1 && isWord(runes[i-1]) && isWord(runes[i+1])
		if strings.ContainsRune("\\`*_[]<>|~&#@!$:", r) && !inWord {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isWord is true for characters between which _ is no markup.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// code is a text in one line of code, in which nothing is markup. It must not stand
// in a table, where a pipe would end the cell.
func code(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\n", " "))
	if s == "" {
		return ""
	}
	ticks := strings.Repeat("`", longest(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// fence is a text of several lines as a block of code.
func fence(s string) string {
	ticks := strings.Repeat("`", max(3, longest(s, '`')+1))
	return ticks + "text\n" + s + "\n" + ticks + "\n"
}

// longest is the length of the longest run of a character.
func longest(s string, c rune) int {
	most, run := 0, 0
	for _, r := range s {
		if run++; r != c {
			run = 0
		}
		most = max(most, run)
	}
	return most
}
