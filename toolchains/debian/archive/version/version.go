// SPDX-License-Identifier: Apache-2.0

// Package version orders Debian package versions the way dpkg does
// (Debian Policy, section 5.6.12): [epoch:]upstream[-revision].
package version

import (
	"fmt"
	"strings"
)

// Compare returns -1, 0 or 1 when a is older than, equal to or newer than b.
// It orders any two strings; use Check where a malformed one must be refused.
func Compare(a, b string) int {
	ae, au, ar := split(a)
	be, bu, br := split(b)
	if c := compareNumbers(ae, be); c != 0 {
		return c
	}
	if c := comparePart(au, bu); c != 0 {
		return c
	}
	return comparePart(ar, br)
}

// Satisfies tells whether version v stands in relation op to want. op is one
// of the operators of a dependency field: <<, <=, =, >=, >> and the two old
// spellings < and >, which mean <= and >=. An empty op is always satisfied.
func Satisfies(v, op, want string) bool {
	if op == "" {
		return true
	}
	c := Compare(v, want)
	switch op {
	case "<<":
		return c < 0
	case "<=", "<":
		return c <= 0
	case "=":
		return c == 0
	case ">=", ">":
		return c >= 0
	case ">>":
		return c > 0
	}
	return false
}

// Check refuses what dpkg would refuse as a version number.
func Check(v string) error {
	bad := func(why string) error {
		return fmt.Errorf("version %q: %s (wanted [epoch:]upstream[-revision], such as 1:2.36.1-8+deb11u1)", v, why)
	}
	if v == "" {
		return bad("it is empty")
	}
	epoch, upstream, revision := split(v)
	if strings.Contains(v, ":") {
		if epoch == "" {
			return bad("the epoch before the colon is empty")
		}
		for _, c := range []byte(epoch) {
			if !isDigit(c) {
				return bad("the epoch is not a number")
			}
		}
		if len(strings.TrimLeft(epoch, "0")) > 9 {
			return bad("the epoch is too large")
		}
	}
	if upstream == "" {
		return bad("the upstream part is empty")
	}
	if !isDigit(upstream[0]) {
		return bad("the upstream part does not start with a digit")
	}
	for _, c := range []byte(upstream) {
		if !isDigit(c) && !isLetter(c) && !strings.ContainsRune(".+-~:", rune(c)) {
			return bad(fmt.Sprintf("%q is not allowed in the upstream part", c))
		}
	}
	if revision == "" && strings.HasSuffix(v, "-") {
		return bad("the revision after the last hyphen is empty")
	}
	for _, c := range []byte(revision) {
		if !isDigit(c) && !isLetter(c) && !strings.ContainsRune(".+~", rune(c)) {
			return bad(fmt.Sprintf("%q is not allowed in the revision", c))
		}
	}
	return nil
}

// Upstream returns v without its epoch and revision.
func Upstream(v string) string {
	_, u, _ := split(v)
	return u
}

func split(v string) (epoch, upstream, revision string) {
	upstream = v
	if e, rest, ok := strings.Cut(v, ":"); ok {
		epoch, upstream = e, rest
	}
	if i := strings.LastIndexByte(upstream, '-'); i >= 0 {
		upstream, revision = upstream[:i], upstream[i+1:]
	}
	return epoch, upstream, revision
}

// comparePart orders two upstream parts or two revisions: runs of non-digits
// and runs of digits in turn.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = span(a, false)
		y, b = span(b, false)
		if c := compareText(x, y); c != 0 {
			return c
		}
		x, a = span(a, true)
		y, b = span(b, true)
		if c := compareNumbers(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// span cuts the leading run of digits (or of non-digits) off s.
func span(s string, digits bool) (run, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) == digits {
		i++
	}
	return s[:i], s[i:]
}

// compareText orders runs of non-digits: '~' before the end of the run, the
// end before letters, letters before everything else.
func compareText(a, b string) int {
	for i := 0; i < len(a) || i < len(b); i++ {
		x, y := weight(a, i), weight(b, i)
		if x != y {
			return sign(x - y)
		}
	}
	return 0
}

func weight(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case isLetter(s[i]):
		return int(s[i])
	}
	return int(s[i]) + 256
}

// compareNumbers orders runs of digits of any length by their value.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
