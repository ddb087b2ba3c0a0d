// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"slices"
	"strings"
)

// Wanted resolves a name as a test writes it: '-' is '_', and a '?' at the end
// means that the test can do without. It reports whether the catalogue has it.
func Wanted(catalogue []Module, name string) (string, bool) {
	name = strings.ReplaceAll(strings.TrimSuffix(name, "?"), "-", "_")
	return name, slices.ContainsFunc(catalogue, func(m Module) bool { return m.Name == name })
}

// Closure returns the part of a catalogue that the wanted names need, in the
// catalogue's order.
func Closure(catalogue []Module, want []string) ([]Module, error) {
	need := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if need[name] {
			return
		}
		need[name] = true
		for _, m := range catalogue {
			if m.Name == name {
				for _, d := range m.Depends {
					add(d)
				}
			}
		}
	}
	for _, w := range want {
		name, have := Wanted(catalogue, w)
		switch {
		case have:
			add(name)
		case !strings.HasSuffix(w, "?"):
			return nil, fmt.Errorf("module %s was not taken out of the kernel's packages: add it to the modules of its vm_kernel", name)
		}
	}
	var out []Module
	for _, m := range catalogue {
		if need[m.Name] {
			out = append(out, m)
		}
	}
	return out, nil
}
