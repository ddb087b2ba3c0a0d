// SPDX-License-Identifier: Apache-2.0

package kimage

import (
	"debug/elf"
	"fmt"
	"io"
	"strings"
)

// Modinfo is what a module says about itself as far as loading needs it.
type Modinfo struct {
	// Depends are the modules that must be loaded first.
	Depends []string
	// Aliases are the names under which the kernel may ask for it.
	Aliases []string
}

// ReadModinfo reads the .modinfo section of a module.
func ReadModinfo(r io.ReaderAt) (*Modinfo, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("not a kernel module: %v", err)
	}
	defer f.Close()
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("not a kernel module: no section .modinfo")
	}
	data, err := s.Data()
	if err != nil {
		return nil, err
	}
	return parseModinfo(data), nil
}

func parseModinfo(data []byte) *Modinfo {
	m := &Modinfo{}
	for _, entry := range strings.Split(string(data), "\x00") {
		key, value, _ := strings.Cut(entry, "=")
		switch key {
		case "depends":
			for _, d := range strings.Split(value, ",") {
				if d != "" {
					m.Depends = append(m.Depends, d)
				}
			}
		case "alias":
			m.Aliases = append(m.Aliases, value)
		}
	}
	return m
}
