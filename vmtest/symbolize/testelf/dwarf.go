// SPDX-License-Identifier: Apache-2.0

package testelf

import "debug/elf"

// The numbers of DWARF that are used, by their names in the standard.
const (
	tagCompileUnit, tagSubprogram, tagInlined                                                          = 0x11, 0x2e, 0x1d
	atName, atStmtList, atLowPC, atHighPC, atCompDir, atAbstractOrigin, atCallFile, atCallLine, atDone = 0x03, 0x10, 0x11, 0x12, 0x1b, 0x31, 0x58, 0x59, 0
	formAddr, formData2, formData8, formString, formData1, formRef4, formSecOffset                     = 0x01, 0x05, 0x07, 0x08, 0x0b, 0x13, 0x17
)

// The forms of entries.
const (
	unitEntry, abstractEntry, functionEntry, inlinedEntry = 1, 2, 3, 4
)

// debug writes all sections of debug info.
func (w *writer) debug() {
	abbrev := w.section(".debug_abbrev", elf.SHT_PROGBITS, 0)
	abbrev.u8(unitEntry, tagCompileUnit, 1, atName, formString, atCompDir, formString, atStmtList, formSecOffset, atLowPC, formAddr, atHighPC, formData8, atDone, 0)
	abbrev.u8(abstractEntry, tagSubprogram, 0, atName, formString, atDone, 0)
	abbrev.u8(functionEntry, tagSubprogram, 1, atName, formString, atLowPC, formAddr, atHighPC, formData8, atDone, 0)
	abbrev.u8(inlinedEntry, tagInlined, 0, atAbstractOrigin, formRef4, atLowPC, formAddr, atHighPC, formData8, atCallFile, formData1, atCallLine, formData2, atDone, 0)
	abbrev.u8(0)
	info, line := w.section(".debug_info", elf.SHT_PROGBITS, 0), w.section(".debug_line", elf.SHT_PROGBITS, 0)
	for _, u := range w.Units {
		header := len(info.data)
		table := uint64(len(line.data))
		files := w.lines(line, u)
		info.sized(func() { w.entries(info, u, header, abbrev, line, table, files) })
		if !w.NoAranges {
			w.aranges(info, u, header)
		}
	}
}

// entries writes one unit of .debug_info.
func (w *writer) entries(info *section, u Unit, header int, abbrev, line *section, table uint64, files map[string]byte) {
	info.u16(5)
	info.u8(1, 8) // a full unit, addresses of eight bytes
	w.refer(info, false, abbrev, 0)
	info.u8(unitEntry)
	info.str(u.Source)
	info.str(u.Dir)
	w.refer(info, false, line, table)
	// The unit is said to have what its first section has of it.
	first, size := u.Functions[0], uint64(0)
	for _, fn := range u.Functions {
		if fn.Section == first.Section {
			size = max(size, fn.At+fn.Size-first.At)
		}
	}
	w.refer(info, true, w.code(first), first.At)
	info.u64(size)
	for _, fn := range u.Functions {
		abstract := len(info.data) - header
		if fn.Inlined != nil {
			info.u8(abstractEntry)
			info.str(fn.Inlined.Name)
		}
		info.u8(functionEntry)
		info.str(fn.Name)
		w.refer(info, true, w.code(fn), fn.At)
		info.u64(fn.Size)
		if in := fn.Inlined; in != nil {
			info.u8(inlinedEntry)
			info.u32(uint32(abstract))
			w.refer(info, true, w.code(fn), fn.At+in.At)
			info.u64(in.Size)
			info.u8(files[u.Source])
			info.u16(uint16(in.CallLine))
		}
		info.u8(0)
	}
	info.u8(0)
}

func (w *writer) aranges(info *section, u Unit, header int) {
	s := w.section(".debug_aranges", elf.SHT_PROGBITS, 0)
	s.sized(func() {
		s.u16(2)
		w.refer(s, false, info, uint64(header))
		s.u8(8, 0, 0, 0, 0, 0) // addresses of eight bytes, no segments, up to a multiple of 16
		for _, fn := range u.Functions {
			w.refer(s, true, w.code(fn), fn.At)
			s.u64(fn.Size)
		}
		s.u64(0)
		s.u64(0)
	})
}

// lines writes the line table of a unit and returns the numbers of its files.
func (w *writer) lines(s *section, u Unit) map[string]byte {
	names := []string{u.Source, u.Source}
	files := map[string]byte{u.Source: 1}
	for _, fn := range u.Functions {
		if in := fn.Inlined; in != nil && files[in.Source] == 0 {
			files[in.Source] = byte(len(names))
			names = append(names, in.Source)
		}
	}
	s.sized(func() {
		s.u16(5)
		s.u8(8, 0)
		s.sized(func() {
			s.u8(1, 1, 1, 0xfb, 14, 13) // steps of one byte, line base -5, line range 14, opcode base 13
			s.u8(0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)
			s.u8(1, 1, formString, 1) // folders: one, by path
			s.str(u.Dir)
			s.u8(2, 1, formString, 2, formData1, byte(len(names))) // files: by path and folder
			for _, name := range names {
				s.str(name)
				s.u8(0)
			}
		})
		for _, fn := range u.Functions {
			w.rows(s, u, fn, files)
		}
	})
	return files
}

// rows writes the rows of a function.
func (w *writer) rows(s *section, u Unit, fn Function, files map[string]byte) {
	const copyRow, advancePC, advanceLine, setFile, setAddress, endSequence = 1, 2, 3, 4, 2, 1
	s.u8(0, 9, setAddress)
	w.refer(s, true, w.code(fn), fn.At)
	line := 1
	for at := uint64(0); at < fn.Size; at += 4 {
		file, want := files[u.Source], fn.Line+int(at/4)
		if in := fn.Inlined; in != nil && at >= in.At && at < in.At+in.Size {
			file, want = files[in.Source], in.Line+int((at-in.At)/4)
		}
		s.u8(setFile, file, advanceLine)
		s.sleb(want - line)
		s.u8(copyRow, advancePC, 4)
		line = want
	}
	s.u8(0, 1, endSequence)
}

func (s *section) sleb(v int) {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			s.u8(b)
			return
		}
		s.u8(b | 0x80)
	}
}
