// SPDX-License-Identifier: Apache-2.0

package kconfig

import (
	"fmt"
	"slices"
	"strings"
)

// Lost are the settings that a configuration did not take over.
func Lost(settings []Setting, c Config) []Setting {
	return slices.DeleteFunc(slices.Clone(settings), func(s Setting) bool { return c.Get(s.Name) == s.Value })
}

// Explain says of each lost setting what it lacked. The symbols are those of
// ReadTree.
func Explain(lost []Setting, c Config, symbols map[string]*Symbol) string {
	var b strings.Builder
	for _, s := range lost {
		fmt.Fprintf(&b, "  CONFIG_%s=%s (%s) became %s: %s\n", s.Name, s.Value, s.Place, c.Get(s.Name), why(s, c, symbols))
	}
	return b.String()
}

func why(s Setting, c Config, symbols map[string]*Symbol) string {
	symbol := symbols[s.Name]
	switch {
	case symbol == nil:
		return "no Kconfig file of this kernel has the symbol"
	case s.Value == "n":
		return "another symbol selects it"
	}
	var nearest []string
	for i, d := range symbol.Definitions {
		if unmet := unmet(d, c); i == 0 || len(unmet) < len(nearest) {
			nearest = unmet
		}
	}
	if len(nearest) > 0 {
		return "it depends on " + strings.Join(nearest, ", and on ")
	}
	return "what it depends on is there; its value is out of range, another one of its choice was taken, or it can only be selected by others"
}

// unmet are the conditions that do not hold, with the values of their symbols.
func unmet(conditions []string, c Config) []string {
	var out []string
	for _, condition := range conditions {
		for _, term := range terms(condition) {
			if eval(term, c) != no {
				continue
			}
			out = append(out, term+values(term, c))
		}
	}
	return out
}

// values lists the symbols of a term as they are.
func values(term string, c Config) string {
	words, _ := tokens(term)
	var known []string
	for _, w := range words {
		if w[0] >= 'A' && w[0] <= 'Z' {
			known = append(known, w+"="+c.Get(w))
		}
	}
	if len(known) == 0 {
		return ""
	}
	return " (" + strings.Join(slices.Compact(known), ", ") + ")"
}
