// SPDX-License-Identifier: Apache-2.0

// Package testelf writes small ELF files with DWARF 5 for tests: a kernel, or a
// module whose addresses are left to relocations. There is no compiler where the
// tests run. Real kernels and modules are tested by //vmtest/symbolize:real_test.
package testelf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// File is an ELF file.
type File struct {
	// Machine is EM_X86_64 or EM_AARCH64.
	Machine elf.Machine
	// Module makes an ET_REL file; without it the file is linked.
	Module bool
	// NoAranges leaves .debug_aranges out, NoDebug all of the debug info.
	NoAranges, NoDebug bool
	// Units are the compiled sources.
	Units []Unit
}

// Unit is one compiled source.
type Unit struct {
	// Dir is where the compiler ran, Source the file as it was given to it.
	Dir, Source string
	Functions   []Function
}

// Function is a function in which every four bytes of code are another line.
type Function struct {
	Name string
	// Section is .text where it is empty.
	Section string
	// At is the offset in the section, Size the length in bytes.
	At, Size uint64
	// Line is that of the first four bytes.
	Line int
	// Inlined is a function that was inlined in it, or nil.
	Inlined *Inlined
}

// Inlined is a function that was inlined in another.
type Inlined struct {
	Name, Source string
	// At is the offset in the outer function, Size the length in bytes.
	At, Size uint64
	// Line is its first line, CallLine the line of the outer function where it is called.
	Line, CallLine int
}

// linkedAt is where .text of a kernel lies, and sectionStep how far the next
// section is.
const (
	linkedAt    = 0xffffffff81000000
	sectionStep = 0x100000
)

// Bytes is the file.
func (f File) Bytes() []byte {
	w := &writer{File: f}
	w.section("", elf.SHT_NULL, 0)
	// Sections of code come first, with the length of all functions in them.
	for _, u := range f.Units {
		for _, fn := range u.Functions {
			s := w.code(fn)
			if end := int(fn.At + fn.Size); len(s.data) < end {
				s.data = append(s.data, make([]byte, end-len(s.data))...)
			}
		}
	}
	if !f.NoDebug {
		w.debug()
	}
	return w.link()
}

type section struct {
	name   string
	kind   elf.SectionType
	flags  elf.SectionFlag
	number int
	addr   uint64
	data   []byte
	relocs []reloc
	link   uint32
	info   uint32
	entry  uint64
}

// reloc stands for the address of a section and an addend.
type reloc struct {
	at     int
	wide   bool // eight bytes, not four
	target *section
	addend uint64
}

type writer struct {
	File
	sections []*section
}

func (w *writer) section(name string, kind elf.SectionType, flags elf.SectionFlag) *section {
	for _, s := range w.sections {
		if s.name == name {
			return s
		}
	}
	s := &section{name: name, kind: kind, flags: flags, number: len(w.sections)}
	w.sections = append(w.sections, s)
	return s
}

// code is the section of a function.
func (w *writer) code(fn Function) *section {
	name := fn.Section
	if name == "" {
		name = ".text"
	}
	s := w.section(name, elf.SHT_PROGBITS, elf.SHF_ALLOC|elf.SHF_EXECINSTR)
	if !w.Module {
		s.addr = linkedAt + uint64(s.number-1)*sectionStep
	}
	return s
}

func (s *section) u8(v ...byte) { s.data = append(s.data, v...) }
func (s *section) u16(v uint16) { s.data = binary.LittleEndian.AppendUint16(s.data, v) }
func (s *section) u32(v uint32) { s.data = binary.LittleEndian.AppendUint32(s.data, v) }
func (s *section) u64(v uint64) { s.data = binary.LittleEndian.AppendUint64(s.data, v) }
func (s *section) str(v string) { s.data = append(append(s.data, v...), 0) }

// refer writes the address of a section and an addend, or leaves it to a relocation.
func (w *writer) refer(s *section, wide bool, target *section, addend uint64) {
	value := target.addr + addend
	if w.Module {
		s.relocs = append(s.relocs, reloc{len(s.data), wide, target, addend})
		value = 0
	}
	if wide {
		s.u64(value)
	} else {
		s.u32(uint32(value))
	}
}

// sized writes a length of four bytes and what it is the length of.
func (s *section) sized(write func()) {
	at := len(s.data)
	s.u32(0)
	write()
	binary.LittleEndian.PutUint32(s.data[at:], uint32(len(s.data)-at-4))
}

// symbols makes the symbol table; section symbols have the number of their section.
func (w *writer) symbols(code []*section) {
	symtab, strtab := w.section(".symtab", elf.SHT_SYMTAB, 0), w.section(".strtab", elf.SHT_STRTAB, 0)
	add := func(name string, info elf.SymType, s *section, value, size uint64) {
		symtab.u32(uint32(len(strtab.data)))
		strtab.str(name)
		number := 0
		if s != nil {
			number = s.number
			value += s.addr
		}
		symtab.u8(byte(info), 0)
		symtab.u16(uint16(number))
		symtab.u64(value)
		symtab.u64(size)
	}
	add("", elf.STT_NOTYPE, nil, 0, 0)
	for _, s := range code {
		add("", elf.STT_SECTION, s, 0, 0)
	}
	for _, u := range w.Units {
		for _, fn := range u.Functions {
			add(fn.Name, elf.STT_FUNC, w.code(fn), fn.At, fn.Size)
		}
	}
	symtab.link, symtab.info, symtab.entry = uint32(strtab.number), uint32(len(code)+1), 24
}

// link puts the sections together.
func (w *writer) link() []byte {
	all := slices.Clone(w.sections[1:])
	w.symbols(all)
	symtab := w.section(".symtab", 0, 0)
	for _, s := range all {
		if len(s.relocs) == 0 {
			continue
		}
		r := w.section(".rela"+s.name, elf.SHT_RELA, 0)
		r.link, r.info, r.entry = uint32(symtab.number), uint32(s.number), 24
		for _, x := range s.relocs {
			kind := map[bool]uint64{false: uint64(elf.R_X86_64_32), true: uint64(elf.R_X86_64_64)}[x.wide]
			if w.Machine == elf.EM_AARCH64 {
				kind = map[bool]uint64{false: uint64(elf.R_AARCH64_ABS32), true: uint64(elf.R_AARCH64_ABS64)}[x.wide]
			}
			r.u64(uint64(x.at))
			r.u64(uint64(x.target.number)<<32 | kind)
			r.u64(x.addend)
		}
	}
	names := w.section(".shstrtab", elf.SHT_STRTAB, 0)
	const head, entry = 64, 64
	var table, body bytes.Buffer
	for _, s := range w.sections {
		at := uint32(len(names.data))
		names.str(s.name)
		binary.Write(&table, binary.LittleEndian, elf.Section64{
			Name: at, Type: uint32(s.kind), Flags: uint64(s.flags), Addr: s.addr, Off: uint64(head + body.Len()),
			Size: uint64(len(s.data)), Link: s.link, Info: s.info, Addralign: 1, Entsize: s.entry,
		})
		body.Write(s.data)
	}
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(w.Machine), Version: 1, Shoff: uint64(head + body.Len()),
		Ehsize: head, Shentsize: entry, Shnum: uint16(len(w.sections)), Shstrndx: uint16(names.number),
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	if w.Module {
		h.Type = uint16(elf.ET_REL)
	}
	var out bytes.Buffer
	binary.Write(&out, binary.LittleEndian, h)
	out.Write(body.Bytes())
	out.Write(table.Bytes())
	return out.Bytes()
}
