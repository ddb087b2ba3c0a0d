// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// relocate completes the data of a section of a module. debug/elf does that too in
// its DWARF method, but takes every section to lie at address 0: .text,
// .text.unlikely and .init.text would cover each other.
func (o *object) relocate(section int, data []byte) error {
	symbols, err := o.elf.Symbols()
	if err != nil {
		return err
	}
	for _, r := range o.elf.Sections {
		if r.Type == elf.SHT_REL && int(r.Info) == section {
			return errors.New("relocations without addends are not known on x86_64 and aarch64")
		}
		if r.Type != elf.SHT_RELA || int(r.Info) != section {
			continue
		}
		if r.Size > maxSection {
			return fmt.Errorf("%s has %d bytes", r.Name, r.Size)
		}
		list, err := r.Data()
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		const entry = 24 // Elf64_Rela
		for ; len(list) >= entry; list = list[entry:] {
			at, info := binary.LittleEndian.Uint64(list), binary.LittleEndian.Uint64(list[8:])
			value := binary.LittleEndian.Uint64(list[16:])
			if n := info >> 32; n > uint64(len(symbols)) {
				return fmt.Errorf("%s: there is no symbol %d", r.Name, n)
			} else if n > 0 {
				value += o.value(symbols[n-1])
			}
			width, err := o.width(uint32(info))
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			if at > uint64(len(data)) || uint64(len(data))-at < uint64(width) {
				return fmt.Errorf("%s: offset %#x is outside of the section", r.Name, at)
			}
			switch width {
			case 4:
				binary.LittleEndian.PutUint32(data[at:], uint32(value))
			case 8:
				binary.LittleEndian.PutUint64(data[at:], value)
			}
		}
	}
	return nil
}

// value is a symbol's address; that of a debug section is its start.
func (o *object) value(s elf.Symbol) uint64 {
	if i := int(s.Section); i < len(o.base) {
		return o.base[i] + s.Value
	}
	return s.Value
}

// width is how many bytes a relocation writes. DWARF has only absolute ones.
func (o *object) width(kind uint32) (int, error) {
	if o.elf.Machine == elf.EM_AARCH64 {
		switch k := elf.R_AARCH64(kind); k {
		case elf.R_AARCH64_NONE:
			return 0, nil
		case elf.R_AARCH64_ABS32:
			return 4, nil
		case elf.R_AARCH64_ABS64:
			return 8, nil
		default:
			return 0, fmt.Errorf("relocation %v is not known", k)
		}
	}
	switch k := elf.R_X86_64(kind); k {
	case elf.R_X86_64_NONE:
		return 0, nil
	case elf.R_X86_64_32, elf.R_X86_64_32S:
		return 4, nil
	case elf.R_X86_64_64:
		return 8, nil
	default:
		return 0, fmt.Errorf("relocation %v is not known", k)
	}
}
