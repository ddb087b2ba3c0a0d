// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"debug/elf"
	"fmt"
	"sort"
	"strings"
)

// modinfo reads the name=value strings of a module (include/linux/moduleparam.h).
// Values of a repeated name are joined by newlines.
func modinfo(f *elf.File) (map[string]string, error) {
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("no .modinfo section: not a kernel module")
	}
	data, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf(".modinfo: %w", err)
	}
	info := map[string]string{}
	for _, field := range strings.Split(string(data), "\x00") {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			continue
		}
		if old, ok := info[name]; ok {
			value = old + "\n" + value
		}
		info[name] = value
	}
	return info, nil
}

// imported lists the symbols that the kernel must supply, sorted.
func imported(f *elf.File) ([]string, error) {
	symbols, err := f.Symbols()
	if err != nil {
		return nil, fmt.Errorf("symbol table: %w", err)
	}
	var names []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF || s.Name == "" || elf.ST_BIND(s.Info) == elf.STB_WEAK {
			continue
		}
		// The arm64 linker supplies the global offset table itself.
		if s.Name == "_GLOBAL_OFFSET_TABLE_" {
			continue
		}
		names = append(names, s.Name)
	}
	sort.Strings(names)
	return names, nil
}

// modversionSize is sizeof(struct modversion_info) on 64-bit kernels: an
// unsigned long and the name (include/linux/module.h).
const modversionSize = 64

// modversions reads the checksums a module expects; nil where the kernel does
// not use them (no CONFIG_MODVERSIONS).
func modversions(f *elf.File) (map[string]uint32, error) {
	s := f.Section("__versions")
	if s == nil {
		return nil, nil
	}
	data, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("__versions: %w", err)
	}
	if len(data)%modversionSize != 0 {
		return nil, fmt.Errorf("__versions has %d bytes, not a multiple of %d", len(data), modversionSize)
	}
	versions := map[string]uint32{}
	for ; len(data) > 0; data = data[modversionSize:] {
		name, _, _ := bytes.Cut(data[8:modversionSize], []byte{0})
		versions[string(name)] = f.ByteOrder.Uint32(data)
	}
	return versions, nil
}
