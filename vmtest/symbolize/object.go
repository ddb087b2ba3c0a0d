// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// symbol is a function, or another name in code.
type symbol struct {
	addr uint64
	// size is what the file says, distance how far the next symbol is, which is what
	// the kernel prints for a size.
	size, distance uint64
	// last is set where the distance depends on what the kernel puts behind the section.
	last bool
}

// fits tells whether the kernel may have printed this size for the symbol.
func (s symbol) fits(size uint64) bool {
	return size == s.distance || size == s.size && size > 0 || s.last && size >= s.size
}

// object is an ELF file: the kernel, or a module.
type object struct {
	name string
	file *os.File
	elf  *elf.File
	// base has the address of each section. A module's sections have none yet, and get
	// different ones here, or addresses in its line tables would overlap.
	base    []uint64
	symbols map[string][]symbol
	dwarf   *debugInfo
	err     error // why there is no dwarf
	broken  error // what went wrong with some place
}

// openObject reads the headers and the symbols.
func openObject(name string) (o *object, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	o = &object{name: name, file: f}
	err = guard(func() (err error) {
		if o.elf, err = elf.NewFile(f); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("it is cut off, or no ELF file at all")
		} else if err != nil {
			return err
		}
		if m := o.elf.Machine; m != elf.EM_X86_64 && m != elf.EM_AARCH64 || o.elf.Class != elf.ELFCLASS64 || o.elf.Data != elf.ELFDATA2LSB {
			return fmt.Errorf("it is for %v (%v, %v), and only x86_64 and aarch64 are known", m, o.elf.Class, o.elf.Data)
		}
		o.layout()
		return o.readSymbols()
	})
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

// guard turns a panic into an error: debug/elf and debug/dwarf do not promise to
// survive every broken file.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is broken: %v", p)
		}
	}()
	return do()
}

// layout gives each section its address. A module's code lies as the kernel will
// lay it: what stays in the order of the file, then what is thrown away after init.
// A symbol's size in a trace depends on that order.
func (o *object) layout() {
	o.base = make([]uint64, len(o.elf.Sections))
	if o.elf.Type != elf.ET_REL {
		return
	}
	at := uint64(1 << 28)
	for _, init := range []bool{false, true} {
		for i, s := range o.elf.Sections {
			if s.Flags&elf.SHF_ALLOC == 0 || s.Flags&elf.SHF_EXECINSTR == 0 || strings.HasPrefix(s.Name, ".init") != init || s.Size > maxSection {
				continue
			}
			if align := s.Addralign; align > 1 && align <= 1<<16 {
				at = (at + align - 1) / align * align
			}
			o.base[i] = at
			at += s.Size
		}
		at += 1 << 20
	}
}

// maxSection bounds what is read of one section.
const maxSection = 2 << 30

func (o *object) readSymbols() error {
	all, err := o.elf.Symbols()
	if errors.Is(err, elf.ErrNoSymbols) || err == nil && len(all) == 0 {
		return errors.New("it has no symbols: it was stripped; give the file as it was linked")
	}
	if err != nil {
		return err
	}
	type name struct {
		text    string
		section int
		symbol
	}
	var names []name
	for _, s := range all {
		i := int(s.Section)
		if i == 0 || i >= len(o.elf.Sections) || !listed(s.Name) || o.elf.Sections[i].Flags&elf.SHF_EXECINSTR == 0 {
			continue
		}
		names = append(names, name{s.Name, i, symbol{addr: o.base[i] + s.Value, size: s.Size}})
	}
	sort.SliceStable(names, func(i, j int) bool { return names[i].addr < names[j].addr })
	// From behind: each has the next higher address, and the section that lies there.
	end, section := uint64(0), -1
	for i := len(names) - 1; i >= 0; i-- {
		n := &names[i]
		if i < len(names)-1 && names[i+1].addr != n.addr {
			end, section = names[i+1].addr, names[i+1].section
		}
		n.last = section != n.section
		if n.distance = end - n.addr; section < 0 {
			n.distance = n.size
		}
	}
	o.symbols = make(map[string][]symbol, len(names))
	for _, n := range names {
		o.symbols[n.text] = append(o.symbols[n.text], n.symbol)
	}
	return nil
}

// listed tells whether the kernel knows the symbol by name, too: it leaves out
// those of the assembler.
func listed(name string) bool {
	return name != "" && name[0] != '$' && !strings.HasPrefix(name, ".L") && !strings.HasPrefix(name, "__pi_") && !strings.HasPrefix(name, "__kvm_nvhe_")
}

// section reads a section, with relocations done; nil where there is none.
func (o *object) section(name string) ([]byte, error) {
	for i, s := range o.elf.Sections {
		if s.Name != name || s.Type == elf.SHT_NOBITS {
			continue
		}
		if s.Size > maxSection {
			return nil, fmt.Errorf("section %s has %d bytes", name, s.Size)
		}
		data, err := s.Data()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("section %s is cut off: the file is not complete", name)
		}
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", name, err)
		}
		if o.elf.Type == elf.ET_REL {
			err = o.relocate(i, data)
		}
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", name, err)
		}
		return data, nil
	}
	return nil, nil
}
