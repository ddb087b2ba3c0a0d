// SPDX-License-Identifier: Apache-2.0

// Package symbolize adds lines of source to the stack traces that a kernel prints:
//
//	tcp_connect+0x12/0x34 (net/ipv4/tcp_output.c:4023)
//
// The kernel prints names, so that neither the place at which it runs (KASLR) nor
// that of a module has to be known: symbols of the kernel's vmlinux and of the
// module's file turn a name into an address of that file, and DWARF turns the
// address into lines. Where the files do not fit what the kernel printed, nothing
// is added.
package symbolize

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Symbolizer knows the files of one kernel. It is for one goroutine.
type Symbolizer struct {
	// Deadline ends the search: places that were not looked up by then stay as they
	// are, and lines that were not read by then are not read. Zero means none.
	Deadline time.Time
	objects  map[string]*object // by module; "" is the kernel
	known    map[Place]Frame
	missed   int // places that the files do not have
	late     int // places that were not looked up any more
	unread   int // bytes of consoles that were not looked at any more
}

// Frame is a place and what is known of it.
type Frame struct {
	Place
	// Stacks has the lines of each function that the place may mean, in each the
	// innermost first, then by what each was inlined. It is empty where nothing is
	// known. More than one means that several functions have this name and this size,
	// and that nothing tells which of them it was.
	Stacks [][]Position
}

// maxPlaces bounds how many different places are looked up. The longest reports
// name some hundred.
const maxPlaces = 4000

// Open opens the kernel's vmlinux and the files of modules, by the module's name.
// A vmlinux of "" stands for none. All files must be there and must be ELF files of
// x86_64 or aarch64; that one has no debug info, or a broken one, is told by Notes.
// Debug info is read when the first place asks for it.
func Open(vmlinux string, modules map[string]string) (*Symbolizer, error) {
	s := &Symbolizer{objects: map[string]*object{}, known: map[Place]Frame{}}
	files := map[string]string{}
	for name, file := range modules {
		files[moduleName(name)] = file
	}
	if vmlinux != "" {
		files[""] = vmlinux
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		o, err := openObject(files[name])
		if err != nil {
			s.Close()
			return nil, err
		}
		s.objects[name] = o
	}
	return s, nil
}

// Close closes the files.
func (s *Symbolizer) Close() {
	for _, o := range s.objects {
		o.file.Close()
	}
}

// Text returns a console with lines of source behind each line that names a place;
// nothing else is changed, and no line is added.
func (s *Symbolizer) Text(console []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(console) + len(console)/8)
	var r reader
	for len(console) > 0 {
		if s.overdue() {
			s.unread += len(console)
			out.Write(console)
			break
		}
		line := console
		if i := bytes.IndexByte(console, '\n'); i >= 0 {
			line = console[:i+1]
		}
		console = console[len(line):]
		text := bytes.TrimRight(line, "\r\n")
		out.Write(text)
		for _, p := range r.places(text) {
			if found := s.Frame(p).Lines(); found != "" {
				out.WriteString(" " + found)
			}
		}
		out.Write(line[len(text):])
	}
	return out.Bytes()
}

// Frame looks a place up.
func (s *Symbolizer) Frame(p Place) Frame {
	if f, ok := s.known[p]; ok {
		return f
	}
	o := s.objects[p.Module]
	if o == nil {
		return Frame{Place: p}
	}
	if len(s.known) >= maxPlaces || s.overdue() {
		s.late++
		return Frame{Place: p}
	}
	f := Frame{Place: p, Stacks: o.stacks(p)}
	if len(f.Stacks) == 0 {
		s.missed++
	}
	s.known[p] = f
	return f
}

// overdue tells whether the time is up.
func (s *Symbolizer) overdue() bool { return !s.Deadline.IsZero() && time.Now().After(s.Deadline) }

// stacks looks a place up in the file that should have it.
func (o *object) stacks(p Place) (stacks [][]Position) {
	if o.dwarf == nil && o.err == nil {
		o.err = guard(func() (err error) {
			o.dwarf, err = loadDebugInfo(o)
			return err
		})
	}
	if o.err != nil {
		return nil
	}
	seen := map[uint64]bool{}
	for _, sym := range o.symbols[p.Name] {
		if !sym.fits(p.Size) || seen[sym.addr] {
			continue
		}
		seen[sym.addr] = true
		pc := sym.addr + p.Offset
		if !p.Exact && p.Offset > 0 {
			pc--
		}
		var stack []Position
		// What is broken in one place need not be so in the next.
		if err := guard(func() (err error) {
			stack, err = o.dwarf.positions(pc)
			return err
		}); err != nil {
			o.broken = err
			continue
		}
		if len(stack) > 0 && !slices.ContainsFunc(stacks, func(other []Position) bool { return slices.Equal(other, stack) }) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// maxStacks is how many possibilities are written out.
const maxStacks = 3

// Lines is what stands behind the place in a text, "" where nothing is known.
func (f Frame) Lines() string {
	var all []string
	for _, stack := range f.Stacks[:min(len(f.Stacks), maxStacks)] {
		var b strings.Builder
		for i, p := range stack {
			if i > 0 {
				b.WriteString(", inlined by ")
			}
			b.WriteString(p.String())
			// The function that was not inlined is the one that the kernel names.
			if p.Func != "" && i < len(stack)-1 {
				b.WriteString(" in " + p.Func)
			}
		}
		all = append(all, b.String())
	}
	if len(all) == 0 {
		return ""
	}
	text := strings.Join(all, " or ")
	if more := len(f.Stacks) - len(all); more > 0 {
		text += fmt.Sprintf(" or %d others", more)
	}
	if len(all) > 1 {
		text = "ambiguous: " + text
	}
	return "(" + text + ")"
}

// Notes says what was in the way so far, a sentence each; empty where all places
// were found.
func (s *Symbolizer) Notes() []string {
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[name]
		if o.err != nil {
			notes = append(notes, fmt.Sprintf("%s: %v", o.name, o.err))
		} else if o.broken != nil {
			notes = append(notes, fmt.Sprintf("%s: the debug info is broken in places: %v", o.name, o.broken))
		}
	}
	if s.missed > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d places are not in the debug info: they are assembler or data, or a file is not of the kernel that printed them", s.missed, len(s.known)))
	}
	if s.late > 0 {
		notes = append(notes, fmt.Sprintf("%d places were not looked up: there were more than %d different ones, or the time was up", s.late, maxPlaces))
	}
	if s.unread > 0 {
		notes = append(notes, fmt.Sprintf("the search was cut off, the time was up: the last %d bytes of the console are as they were", s.unread))
	}
	return notes
}
