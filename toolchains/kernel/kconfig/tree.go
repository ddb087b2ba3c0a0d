// SPDX-License-Identifier: Apache-2.0

package kconfig

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Symbol is what the Kconfig files say of one symbol. Several definitions of it
// are alternatives.
type Symbol struct {
	// Definitions hold the conditions under which the symbol can be had: all of
	// one definition have to hold.
	Definitions [][]string
}

// ReadTree reads all Kconfig files below a kernel's source, for messages: it
// knows the conditions of symbols (`depends on`, and those of the menus and ifs
// around them), not the whole language.
func ReadTree(source, arch string) (map[string]*Symbol, error) {
	symbols := map[string]*Symbol{}
	err := filepath.WalkDir(source, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			// Another architecture's symbols have the same names.
			if filepath.Dir(name) == filepath.Join(source, "arch") && d.Name() != arch {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasPrefix(d.Name(), "Kconfig") || !d.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parse(string(text), symbols)
		return nil
	})
	return symbols, err
}

// parse adds the symbols of one file.
func parse(text string, symbols map[string]*Symbol) {
	type block struct {
		kind       string // if, menu or choice
		conditions []string
	}
	var around []block
	var current *Symbol // whose attributes follow
	help := -1          // indentation of the help text, once it is known
	inHelp := false
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		bare := strings.TrimSpace(line)
		if bare == "" || strings.HasPrefix(bare, "#") && !inHelp {
			continue
		}
		indent := len(strings.ReplaceAll(line, "\t", "        ")) - len(strings.TrimLeft(strings.ReplaceAll(line, "\t", "        "), " "))
		if inHelp {
			if help < 0 {
				help = indent
			}
			if indent >= help && help > 0 {
				continue
			}
			inHelp = false
		}
		word, rest, _ := strings.Cut(bare, " ")
		rest = strings.TrimSpace(rest)
		switch word {
		case "help", "---help---":
			inHelp, help = true, -1
		case "config", "menuconfig":
			current = symbols[rest]
			if current == nil {
				current = &Symbol{}
				symbols[rest] = current
			}
			var conditions []string
			for _, b := range around {
				conditions = append(conditions, b.conditions...)
			}
			current.Definitions = append(current.Definitions, conditions)
		case "if":
			around = append(around, block{kind: word, conditions: []string{rest}})
			current = nil
		case "menu", "choice":
			around = append(around, block{kind: word})
			current = nil
		case "endif", "endmenu", "endchoice":
			if len(around) > 0 {
				around = around[:len(around)-1]
			}
			current = nil
		case "comment", "source", "mainmenu":
			current = nil
		case "depends":
			// Lines that were joined bring their indentation with them.
			condition := strings.Join(strings.Fields(strings.TrimPrefix(rest, "on")), " ")
			if current != nil {
				last := len(current.Definitions) - 1
				current.Definitions[last] = append(current.Definitions[last], condition)
			} else if len(around) > 0 {
				around[len(around)-1].conditions = append(around[len(around)-1].conditions, condition)
			}
		}
	}
}
