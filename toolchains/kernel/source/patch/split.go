// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// part is one commit's share of a patch.
type part struct {
	line int // where it begins in the patch
	text string
}

var (
	// Each of git's mails, and each commit of git log, begins so.
	commitLine = regexp.MustCompile(`^(From|commit) [0-9a-f]{40}\b`)
	binaryLine = regexp.MustCompile(`^Binary files (\S+) and (\S+) differ`)
	hunkLine   = regexp.MustCompile(`^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@`)
)

// split cuts a patch before each commit, because the source of a rename is a
// file as it was before its commit, and takes the first folder off the names
// that git did not write: of its own it is known to be a/ or b/.
func split(text string) ([]part, error) {
	lines := strings.SplitAfter(text, "\n")
	parts := []part{{line: 1}}
	var b strings.Builder
	var before, after int // lines that the hunk still has to name, of the old file and of the new
	var git, ended bool   // in a header of git's; right behind a hunk
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if before > 0 || after > 0 {
			switch {
			case strings.HasPrefix(line, " ") || line == "\n" || line == "\r\n":
				before, after = before-1, after-1
			case strings.HasPrefix(line, "-"):
				before--
			case strings.HasPrefix(line, "+"):
				after--
			case !strings.HasPrefix(line, `\`):
				before, after = 0, 0 // the parser says what is wrong
			}
			if !strings.HasSuffix(line, "\n") {
				return nil, fmt.Errorf("line %d: it ends in the middle of a hunk; is it truncated?", i+1)
			}
			ended = before <= 0 && after <= 0
			b.WriteString(line)
			continue
		}
		if ended && surplus(line) {
			return nil, fmt.Errorf("line %d: %.40q follows a hunk whose header does not count it", i+1, strings.TrimSpace(line))
		}
		ended = ended && strings.HasPrefix(line, `\`)
		switch {
		case commitLine.MatchString(line):
			parts[len(parts)-1].text = b.String()
			b.Reset()
			parts, git = append(parts, part{line: i + 1}), false
		case strings.HasPrefix(line, "diff --git "):
			git = true
		case strings.HasPrefix(line, "diff ") || strings.HasPrefix(line, "Index: "):
			git = false
		case strings.HasPrefix(line, "@@ -"):
			before, after = counts(line)
			git = false
		case !git && binaryLine.MatchString(line):
			header, err := binary(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			b.WriteString(header)
		case strings.HasPrefix(line, "--- ") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "+++ "):
			if i+2 >= len(lines) || !strings.HasPrefix(lines[i+2], "@@ -") {
				return nil, fmt.Errorf("line %d: no hunk follows; is it truncated?", i+2)
			}
			if git {
				break
			}
			for _, header := range lines[i : i+2] {
				stripped, err := strip(header[4:])
				if err != nil {
					return nil, fmt.Errorf("line %d: %w", i+1, err)
				}
				b.WriteString(header[:4] + stripped)
			}
			i++
			continue
		}
		b.WriteString(line)
	}
	parts[len(parts)-1].text = b.String()
	return parts, nil
}

// surplus tells lines that belong to a hunk from those that may follow one:
// the next file's, or the signature of a mail.
func surplus(line string) bool {
	if strings.HasPrefix(line, "--- ") || strings.TrimRight(line, " \r\n") == "--" || strings.TrimRight(line, "\r\n") == "---" {
		return false
	}
	return strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-")
}

// binary makes git's header for a file of which GNU diff says only this line.
func binary(line string) (string, error) {
	m := binaryLine.FindStringSubmatch(line)
	name := m[2]
	if name == noName {
		name = m[1]
	}
	name, err := strip(name)
	return "diff --git a/" + name + " b/" + name + "\n", err
}

// counts reads how many lines of both files a hunk names; 0 of a damaged
// header, which the parser refuses.
func counts(line string) (before, after int) {
	m := hunkLine.FindStringSubmatch(line)
	if m == nil {
		return 0, 0
	}
	count := func(s string) int {
		if s == "" {
			return 1
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0
		}
		return n
	}
	return count(m[1]), count(m[2])
}

// strip takes the first folder off a name, which a time may follow.
func strip(header string) (string, error) {
	name, quote := header, ""
	if strings.HasPrefix(name, `"`) {
		name, quote = name[1:], `"`
	}
	if name == noName || strings.HasPrefix(name, noName+"\n") || strings.HasPrefix(name, noName+"\t") || strings.HasPrefix(name, noName+" ") {
		return header, nil
	}
	end := strings.IndexAny(name, "\t\n")
	if end < 0 {
		end = len(name)
	}
	_, below, ok := strings.Cut(name[:end], "/")
	if below = strings.TrimLeft(below, "/"); !ok || below == "" {
		return "", fmt.Errorf("the name %.80q has no folder in front to take off (patch -p1)", name[:end])
	}
	return quote + below + name[end:], nil
}
