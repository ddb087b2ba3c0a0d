// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Place is how a kernel prints an address: func+0x12/0x34 [module].
type Place struct {
	// Name is the symbol as the kernel calls it, with the compiler's suffixes.
	Name string
	// Offset and Size are in bytes. The kernel takes the distance to the next symbol
	// for the size.
	Offset, Size uint64
	// Module is empty for the kernel itself.
	Module string
	// Exact is true when the address is that of the instruction which is meant, and
	// false for a return address: that is the instruction after the call, which may
	// belong to another line or even to the next function, so the byte before it is
	// looked up.
	Exact bool
}

// String is the place as the kernel prints it.
func (p Place) String() string {
	s := fmt.Sprintf("%s+%#x/%#x", p.Name, p.Offset, p.Size)
	if p.Module != "" {
		s += " [" + p.Module + "]"
	}
	return s
}

// maxLine is the longest line that is looked at. The kernel's own have at most a
// kilobyte; longer ones are somebody's binary data.
const maxLine = 8 << 10

// maxName is the longest name of a symbol, and maxPerLine how many places of a line
// are looked at.
const (
	maxName    = 512
	maxPerLine = 16
)

var (
	// What follows the name. The module's build ID follows its name where the kernel
	// prints build IDs.
	offsetForm = regexp.MustCompile(`^\+0x([0-9a-f]{1,16})/0x([0-9a-f]{1,16})(?: \[([\w-]{1,64})(?: [0-9a-f]{8,64})?\])?`)
	ripBefore  = regexp.MustCompile(`^RIP: [0-9a-f]{4}:$`)
	plus       = []byte("+0x")
)

// reader finds places line by line. The zero value is ready.
type reader struct {
	// pc is the last that arm64 printed: the trace that follows begins with it again.
	pc string
}

// places returns what the line names, in order. Each "+0x" is looked at from where it
// stands: a pattern for whole places would be slow on a line of letters only.
func (r *reader) places(line []byte) []Place {
	if len(line) > maxLine {
		return nil
	}
	var list []Place
	for at := 0; len(list) < maxPerLine; at++ {
		i := bytes.Index(line[at:], plus)
		if i < 0 {
			break
		}
		at += i
		start := nameBefore(line, at)
		m := offsetForm.FindSubmatch(line[at:])
		if start < 0 || m == nil {
			continue
		}
		before, after := line[:start], line[at+len(m[0]):]
		offset, err1 := strconv.ParseUint(string(m[1]), 16, 64)
		size, err2 := strconv.ParseUint(string(m[2]), 16, 64)
		if err1 != nil || err2 != nil || offset > size || len(after) > 0 && inWord(after[0]) {
			continue
		}
		p := Place{Name: string(line[start:at]), Offset: offset, Size: size, Module: moduleName(string(m[3]))}
		key := p.String()
		if bytes.HasSuffix(before, []byte("pc : ")) {
			r.pc = key
		}
		p.Exact = r.exact(key, offset, before, after)
		list = append(list, p)
	}
	return list
}

// exact tells whether a place is that of an instruction, and no return address.
func (r *reader) exact(key string, offset uint64, before, after []byte) bool {
	switch {
	case offset == 0:
		// Nothing returns to the first byte of a function: that is a pointer to it.
		return true
	case bytes.HasSuffix(before, []byte("lr : ")):
		return false
	case key == r.pc:
		return true
	case bytes.HasPrefix(after, []byte(" (P")):
		// arm64's mark, since 6.13, of a frame that an exception interrupted.
		return true
	case bytes.Contains(before, []byte("WARNING: ")):
		// A warning traps where it stands.
		return true
	}
	const rip = "RIP: 0010:"
	return len(before) >= len(rip) && ripBefore.Match(before[len(before)-len(rip):])
}

// nameBefore is where the symbol's name begins that ends at a byte of the line, or -1.
func nameBefore(line []byte, end int) int {
	start := end
	for start > 0 && inWord(line[start-1]) {
		if start--; end-start > maxName || line[start] >= 0x80 {
			return -1
		}
	}
	if start == end || line[start] >= '0' && line[start] <= '9' {
		return -1
	}
	return start
}

// inWord tells whether a word goes on with this byte.
func inWord(c byte) bool {
	return c == '_' || c == '.' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// moduleName is the name as the kernel prints it, whatever the file is called.
func moduleName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// ParsePlace reads a single place; nothing else may be in the text. A place that
// does not start a function is taken for a return address.
func ParsePlace(text string) (Place, error) {
	var r reader
	if list := r.places([]byte(text)); len(list) == 1 && strings.HasPrefix(text, list[0].Name+"+0x") {
		if m := offsetForm.FindString(text[len(list[0].Name):]); len(list[0].Name)+len(m) == len(text) {
			return list[0], nil
		}
	}
	return Place{}, fmt.Errorf("%.100q is not of the form function+0x12/0x34 or function+0x12/0x34 [module]", text)
}

// Any tells whether a console may name any place.
func Any(console []byte) bool { return bytes.Contains(console, plus) }
