// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"debug/dwarf"
	"fmt"
	"path"
	"strings"
)

// Position is a line of source.
type Position struct {
	// Func is the function whose source it is, without the compiler's suffixes; empty
	// where the debug info does not say.
	Func string
	// File is relative to the folder in which the kernel or the module was built.
	File string
	// Line counts from 1; 0 means that the compiler does not say.
	Line int
}

func (p Position) String() string {
	if p.Line == 0 {
		return p.File + ":?"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// positions returns the line of an address: first the innermost, then by what each
// was inlined. It is empty where the debug info says nothing.
func (d *debugInfo) positions(pc uint64) ([]Position, error) {
	u, err := d.unitOf(pc)
	if u == nil || err != nil {
		return nil, err
	}
	row, files, err := d.row(u, pc)
	if err != nil || row.File == nil {
		return nil, err
	}
	calls, err := d.calls(u, pc)
	if err != nil {
		return nil, err
	}
	at := Position{File: u.relative(row.File.Name), Line: row.Line}
	if len(calls) == 0 {
		return []Position{at}, nil
	}
	var list []Position
	for i := len(calls) - 1; ; i-- {
		c := calls[i]
		at.Func = c.name
		list = append(list, at)
		if i == 0 {
			return list, nil
		}
		// The next one out is at the place where this one was inlined.
		at = Position{Line: c.line}
		if c.file > 0 && c.file < int64(len(files)) && files[c.file] != nil {
			at.File = u.relative(files[c.file].Name)
		}
	}
}

// relative is a file's name without the folder of the build.
func (u *unit) relative(name string) string {
	dir := path.Clean(u.dir)
	if !path.IsAbs(name) && !strings.HasPrefix(name, dir+"/") {
		// From the folder in which the compiler ran, which may itself be relative: that
		// of a module's build is.
		name = path.Join(dir, name)
	}
	name = path.Clean(name)
	return strings.TrimPrefix(strings.TrimPrefix(name, dir+"/"), "/")
}

// call is a function around an address, and where it was inlined if it was.
type call struct {
	name string
	file int64
	line int
}

// maxDepth bounds how deep functions are inlined in each other, and how often an
// entry refers to another.
const maxDepth = 100

// calls lists the functions around an address, the outermost first.
func (d *debugInfo) calls(u *unit, pc uint64) ([]call, error) {
	for _, f := range u.functions {
		if !contains(f.ranges, pc) {
			continue
		}
		// The unit's own entry comes first, or the reader would not know how the unit
		// writes strings.
		r := d.data.Reader()
		r.Seek(u.entry.Offset)
		if _, err := r.Next(); err != nil {
			return nil, err
		}
		r.Seek(f.offset)
		e, err := r.Next()
		if err != nil || e == nil {
			return nil, err
		}
		list := []call{{name: d.nameOf(e)}}
		if !e.Children {
			return list, nil
		}
		return d.inlined(r, pc, list)
	}
	return nil, nil
}

// inlined goes down from a function to what was inlined at the address.
func (d *debugInfo) inlined(r *dwarf.Reader, pc uint64, list []call) ([]call, error) {
	for depth := 0; depth < maxDepth; {
		e, err := r.Next()
		if err != nil {
			return nil, err
		}
		if e == nil || e.Tag == 0 {
			return list, nil
		}
		if e.Tag != dwarf.TagInlinedSubroutine && e.Tag != dwarf.TagLexDwarfBlock {
			r.SkipChildren()
			continue
		}
		ranges, err := d.data.Ranges(e)
		if err != nil {
			return nil, err
		}
		if !contains(ranges, pc) {
			r.SkipChildren()
			continue
		}
		depth++
		if e.Tag == dwarf.TagInlinedSubroutine {
			c := call{name: d.nameOf(e)}
			c.file, _ = e.Val(dwarf.AttrCallFile).(int64)
			line, _ := e.Val(dwarf.AttrCallLine).(int64)
			c.line = int(line)
			list = append(list, c)
		}
		if !e.Children {
			return list, nil
		}
	}
	return list, nil
}

// nameOf is the name of a function, which mostly stands elsewhere.
func (d *debugInfo) nameOf(e *dwarf.Entry) string {
	for range maxDepth {
		if name, ok := e.Val(dwarf.AttrName).(string); ok {
			return name
		}
		at, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if !ok {
			if at, ok = e.Val(dwarf.AttrSpecification).(dwarf.Offset); !ok {
				return ""
			}
		}
		r := d.data.Reader()
		r.Seek(at)
		next, err := r.Next()
		if err != nil || next == nil {
			return ""
		}
		e = next
	}
	return ""
}
