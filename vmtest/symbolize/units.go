// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
)

// debugInfo finds lines of source. Of some thousand units only those are read that
// a trace leads to.
type debugInfo struct {
	data   *dwarf.Data
	ranges []unitRange // sorted by lo
	whole  bool        // ranges are of all units, and not only of those in .debug_aranges
	units  map[dwarf.Offset]*unit
}

// unitRange says which unit has the code from lo to before hi.
type unitRange struct {
	lo, hi uint64
	unit   dwarf.Offset // of the unit's first entry
}

// unit is what is known of a unit that was read.
type unit struct {
	entry     *dwarf.Entry
	dir       string
	functions []function
	err       error
}

type function struct {
	ranges [][2]uint64
	offset dwarf.Offset
}

var errNoDebugInfo = errors.New("it has no DWARF: it was built without debug info, or stripped of it")

// loadDebugInfo reads the sections that lines need.
func loadDebugInfo(o *object) (*debugInfo, error) {
	sections := map[string][]byte{}
	for _, name := range []string{"abbrev", "addr", "aranges", "info", "line", "line_str", "ranges", "rnglists", "str", "str_offsets"} {
		data, err := o.section(".debug_" + name)
		if err != nil {
			return nil, err
		}
		sections[name] = data
	}
	if sections["info"] == nil || sections["line"] == nil {
		return nil, errNoDebugInfo
	}
	data, err := dwarf.New(sections["abbrev"], nil, nil, sections["info"], sections["line"], nil, sections["ranges"], sections["str"])
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"addr", "line_str", "rnglists", "str_offsets"} {
		if sections[name] != nil {
			if err := data.AddSection(".debug_"+name, sections[name]); err != nil {
				return nil, err
			}
		}
	}
	d := &debugInfo{data: data, units: map[dwarf.Offset]*unit{}}
	d.ranges, err = parseAranges(sections["aranges"], sections["info"])
	return d, err
}

// parseAranges reads .debug_aranges: for each unit the code that it has.
func parseAranges(b, info []byte) ([]unitRange, error) {
	var list []unitRange
	le := binary.LittleEndian
	for len(b) > 0 {
		if len(b) < 12 {
			return nil, errors.New(".debug_aranges is cut off")
		}
		length, head := uint64(le.Uint32(b)), 4
		if length >= 0xfffffff0 {
			return nil, errors.New(".debug_aranges is of the 64-bit form, which is not known")
		}
		if length > uint64(len(b)-head) || length < 8 {
			return nil, fmt.Errorf(".debug_aranges: a table of %d bytes, where %d are left", length, len(b)-head)
		}
		table, rest := b[:head+int(length)], b[head+int(length):]
		if v := le.Uint16(table[4:]); v != 2 {
			return nil, fmt.Errorf(".debug_aranges is of version %d, and 2 is known", v)
		}
		if table[10] != 8 || table[11] != 0 {
			return nil, fmt.Errorf(".debug_aranges has addresses of %d and segments of %d bytes", table[10], table[11])
		}
		unit, err := firstEntry(info, le.Uint32(table[6:]))
		if err != nil {
			return nil, err
		}
		// Pairs begin at a multiple of their size.
		for at := 16; at+16 <= len(table); at += 16 {
			lo, n := le.Uint64(table[at:]), le.Uint64(table[at+8:])
			if n > 0 && lo+n > lo {
				list = append(list, unitRange{lo, lo + n, unit})
			}
		}
		b = rest
	}
	sort.Slice(list, func(i, j int) bool { return list[i].lo < list[j].lo })
	return list, nil
}

// firstEntry is where the first entry of the unit lies whose header is at an offset.
func firstEntry(info []byte, header uint32) (dwarf.Offset, error) {
	if uint64(header)+12 > uint64(len(info)) {
		return 0, fmt.Errorf(".debug_aranges names a unit at %#x, behind the end of .debug_info", header)
	}
	if binary.LittleEndian.Uint16(info[header+4:]) >= 5 {
		return dwarf.Offset(header + 12), nil
	}
	return dwarf.Offset(header + 11), nil
}

// unitOf finds the unit that has the code at an address.
func (d *debugInfo) unitOf(pc uint64) (*unit, error) {
	if u, ok := d.find(pc); ok {
		return d.unit(u)
	}
	if !d.whole {
		// .debug_aranges is optional, for each compiler by itself.
		if err := d.readAllRanges(); err != nil {
			return nil, err
		}
		if u, ok := d.find(pc); ok {
			return d.unit(u)
		}
	}
	return nil, nil
}

func (d *debugInfo) find(pc uint64) (dwarf.Offset, bool) {
	i := sort.Search(len(d.ranges), func(i int) bool { return d.ranges[i].lo > pc })
	if i == 0 || pc >= d.ranges[i-1].hi {
		return 0, false
	}
	return d.ranges[i-1].unit, true
}

func (d *debugInfo) readAllRanges() error {
	d.whole = true
	r := d.data.Reader()
	var all []unitRange
	for {
		e, err := r.Next()
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		if e.Tag == dwarf.TagCompileUnit {
			ranges, err := d.data.Ranges(e)
			if err != nil {
				return err
			}
			for _, x := range ranges {
				if x[0] < x[1] {
					all = append(all, unitRange{x[0], x[1], e.Offset})
				}
			}
		}
		r.SkipChildren()
	}
	sort.Slice(all, func(i, j int) bool { return all[i].lo < all[j].lo })
	d.ranges = all
	return nil
}

// unit reads a unit's own entry and the list of its functions.
func (d *debugInfo) unit(offset dwarf.Offset) (*unit, error) {
	if u := d.units[offset]; u != nil {
		return u, u.err
	}
	u := &unit{}
	d.units[offset] = u
	// Stands if reading panics.
	u.err = errors.New("a unit of the debug info is broken")
	u.err = d.readUnit(u, offset)
	return u, u.err
}

func (d *debugInfo) readUnit(u *unit, offset dwarf.Offset) error {
	r := d.data.Reader()
	r.Seek(offset)
	e, err := r.Next()
	if err != nil {
		return err
	}
	if e == nil || e.Tag != dwarf.TagCompileUnit {
		return fmt.Errorf("there is no unit at %#x of .debug_info", offset)
	}
	u.entry = e
	u.dir, _ = e.Val(dwarf.AttrCompDir).(string)
	if !e.Children {
		return nil
	}
	for {
		e, err := r.Next()
		if err != nil {
			return err
		}
		if e == nil || e.Tag == 0 {
			return nil
		}
		if e.Tag == dwarf.TagSubprogram {
			ranges, err := d.data.Ranges(e)
			if err != nil {
				return err
			}
			if len(ranges) > 0 {
				u.functions = append(u.functions, function{ranges, e.Offset})
			}
		}
		r.SkipChildren()
	}
}

// row is the line table's word on an address.
func (d *debugInfo) row(u *unit, pc uint64) (found dwarf.LineEntry, files []*dwarf.LineFile, err error) {
	r, err := d.data.LineReader(u.entry)
	if err != nil || r == nil {
		return found, nil, err
	}
	var before, e dwarf.LineEntry
	before.EndSequence = true
	for {
		switch err := r.Next(&e); {
		case err == io.EOF:
			return dwarf.LineEntry{}, r.Files(), nil
		case err != nil:
			return found, nil, err
		}
		// Of several rows for one address the last counts.
		if !before.EndSequence && before.Address <= pc && pc < e.Address {
			return before, r.Files(), nil
		}
		before = e
	}
}

func contains(ranges [][2]uint64, pc uint64) bool {
	return slices.ContainsFunc(ranges, func(r [2]uint64) bool { return r[0] <= pc && pc < r[1] })
}
