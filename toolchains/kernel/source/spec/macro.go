// SPDX-License-Identifier: Apache-2.0

package spec

import (
	"errors"
	"fmt"
	"strings"
)

// macros of a spec, with what they stand for; of those with parameters only
// the name is known.
type macros map[string]macro

type macro struct {
	text       string
	parametric bool
}

// maxDepth of macros within macros.
const maxDepth = 32

// define adds a macro. A global one is expanded where it is defined.
func (m macros) define(global bool, name string, parametric bool, text string) {
	if global {
		if now, err := m.expand(text); err == nil {
			text = strings.ReplaceAll(now, "%", "%%")
		}
	}
	m[name] = macro{text, parametric}
}

// expand replaces the macros in a text: %name, %{name}, %{?name},
// %{?name:text}, %{!?name:text} and %%.
func (m macros) expand(text string) (string, error) { return m.expandTo(text, maxDepth) }

func (m macros) expandTo(text string, depth int) (string, error) {
	if depth == 0 {
		return "", fmt.Errorf("its macros stand in each other without end")
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		switch {
		case strings.HasPrefix(rest, "%"):
			b.WriteByte('%')
			text = rest[1:]
			continue
		case strings.HasPrefix(rest, "{"):
			end := closing(rest)
			if end < 0 {
				return "", fmt.Errorf("%.40q has no end", "%"+rest)
			}
			value, err := m.braced(rest[1:end], depth)
			if err != nil {
				return "", err
			}
			b.WriteString(value)
			text = rest[end+1:]
		default:
			name := rest[:len(rest)-len(strings.TrimLeft(rest, letters))]
			if name == "" {
				return "", fmt.Errorf("%.40q is not a macro that can be read without rpmbuild", "%"+rest)
			}
			value, err := m.value(name, depth)
			if err != nil {
				return "", err
			}
			b.WriteString(value)
			text = rest[len(name):]
		}
	}
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// closing is the place of the brace that ends the one at the beginning.
func closing(s string) int {
	open := 0
	for i, c := range s {
		switch c {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// braced is what %{...} stands for.
func (m macros) braced(inside string, depth int) (string, error) {
	flags := inside[:len(inside)-len(strings.TrimLeft(inside, "?!"))]
	name, text, hasText := strings.Cut(inside[len(flags):], ":")
	if name == "" || strings.Trim(name, letters) != "" || hasText && flags == "" {
		return "", fmt.Errorf("%%{%.40s} is not a macro that can be read without rpmbuild", inside)
	}
	if !strings.Contains(flags, "?") {
		return m.value(name, depth)
	}
	_, defined := m[name]
	if defined == strings.Contains(flags, "!") {
		return "", nil
	}
	if hasText {
		return m.expandTo(text, depth-1)
	}
	if !defined {
		return "", nil
	}
	return m.value(name, depth)
}

func (m macros) value(name string, depth int) (string, error) {
	d, ok := m[name]
	if !ok {
		return "", fmt.Errorf("the spec does not define %%{%s}", name)
	}
	if d.parametric {
		return "", errors.New("%{" + name + "} takes parameters")
	}
	return m.expandTo(d.text, depth-1)
}
