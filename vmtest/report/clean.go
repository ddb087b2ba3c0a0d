// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a text is kept. What comes from a guest may be of any size.
const (
	maxLine   = 300  // runes of a title, name or note
	maxText   = 4000 // bytes of a detail or output
	maxLines  = 40   // lines of one
	tailLines = 20   // lines of a console's end
)

// visible makes each character of a text one that can be seen and that changes
// nothing around it: a guest may print terminal escapes, or marks that turn the
// direction of text so that a line reads as another.
func visible(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\n':
			b.WriteRune(r)
		case r == '\t':
			b.WriteString("    ")
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the picture of the control character
		case r == 0x7f:
			b.WriteRune(0x2421)
		case r == 0xad, unicode.Is(unicode.C, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// line makes one visible line of a text.
func line(s string) string {
	s = strings.Join(strings.Fields(visible(firstBytes(s, 8*maxLine))), " ")
	if utf8.RuneCountInString(s) > maxLine {
		s = string([]rune(s)[:maxLine-1]) + "…"
	}
	return s
}

// head keeps the beginning of a text, and says what it left out.
func head(s string) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	short := firstBytes(s, maxText)
	if list := strings.SplitN(short, "\n", maxLines+1); len(list) > maxLines {
		short = strings.Join(list[:maxLines], "\n")
	}
	if left := len(s) - len(short); left > 0 {
		return visible(short) + fmt.Sprintf("\n… and %d bytes more", left)
	}
	return visible(short)
}

// tail keeps the last lines of a text.
func tail(s string, n int) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if len(s) > maxText {
		s = s[len(s)-maxText:]
	}
	list := strings.Split(s, "\n")
	return visible(strings.Join(list[max(0, len(list)-n):], "\n"))
}

// firstBytes is the beginning of s, cut between two characters.
func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
