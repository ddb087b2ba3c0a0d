// SPDX-License-Identifier: Apache-2.0

// Package kconfig puts a kernel's configuration together from fragments and
// proves that the kernel took it: a symbol that was asked for and is not there
// afterwards is an error that names what it lacked.
package kconfig

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Setting is a symbol that a fragment asks for.
type Setting struct {
	// Name without CONFIG_.
	Name string
	// Value as the configuration writes it: y, m, n, a number or a quoted string.
	Value string
	// Reason is the comment above it.
	Reason string
	// Place is file:line.
	Place string
}

var (
	set   = regexp.MustCompile(`^CONFIG_([A-Za-z0-9_]+)=(y|m|n|-?[0-9]+|0x[0-9A-Fa-f]+|"(?:[^"\\]|\\.)*")$`)
	unset = regexp.MustCompile(`^# CONFIG_([A-Za-z0-9_]+) is not set$`)
)

// ParseFragment reads a fragment: lines as in a .config, each with its reason in
// a comment above. A comment holds for the lines that follow it, up to the next
// empty line. The name is for messages.
func ParseFragment(name string, text []byte) ([]Setting, error) {
	var all []Setting
	var reason []string
	fresh := false // the comment goes on
	n := 0
	for scan := bufio.NewScanner(bytes.NewReader(text)); scan.Scan(); {
		n++
		line := strings.TrimSpace(scan.Text())
		place := fmt.Sprintf("%s:%d", name, n)
		s := Setting{Place: place}
		if m := set.FindStringSubmatch(line); m != nil {
			s.Name, s.Value = m[1], m[2]
		} else if m := unset.FindStringSubmatch(line); m != nil {
			s.Name, s.Value = m[1], "n"
		} else if line == "" {
			reason, fresh = nil, false
			continue
		} else if comment, ok := strings.CutPrefix(line, "#"); ok {
			if !fresh {
				reason = nil
			}
			fresh = true
			if comment = strings.TrimSpace(comment); comment != "" && !strings.HasPrefix(comment, "SPDX-") {
				reason = append(reason, comment)
			}
			continue
		} else {
			return nil, fmt.Errorf("%s: %q is neither CONFIG_NAME=value nor a comment", place, line)
		}
		fresh = false
		if len(reason) == 0 {
			return nil, fmt.Errorf("%s: CONFIG_%s has no reason: say in a comment above it what it is for", place, s.Name)
		}
		s.Reason = strings.Join(reason, " ")
		all = append(all, s)
	}
	return all, nil
}

// Merge joins fragments. Two that want different values of a symbol are an
// error; that both want the same is not.
func Merge(fragments ...[]Setting) ([]Setting, error) {
	byName := map[string]Setting{}
	for _, f := range fragments {
		for _, s := range f {
			if before, ok := byName[s.Name]; ok && before.Value != s.Value {
				return nil, fmt.Errorf("%s wants CONFIG_%s=%s, and %s wants %s", s.Place, s.Name, s.Value, before.Place, before.Value)
			} else if !ok {
				byName[s.Name] = s
			}
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b Setting) int { return strings.Compare(a.Name, b.Name) }), nil
}

// Text is the settings as a .config, for KCONFIG_ALLCONFIG.
func Text(settings []Setting) []byte {
	var b bytes.Buffer
	for _, s := range settings {
		if s.Value == "n" {
			fmt.Fprintf(&b, "# CONFIG_%s is not set\n", s.Name)
		} else {
			fmt.Fprintf(&b, "CONFIG_%s=%s\n", s.Name, s.Value)
		}
	}
	return b.Bytes()
}

// Config is a .config: symbols and their values; one that is not there is n.
type Config map[string]string

// ReadConfig reads a .config.
func ReadConfig(file string) (Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := Config{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			if name, ok := strings.CutPrefix(name, "CONFIG_"); ok {
				c[name] = value
			}
		}
	}
	return c, nil
}

// Get is the value of a symbol, n where it is not there.
func (c Config) Get(name string) string {
	if v, ok := c[name]; ok {
		return v
	}
	return "n"
}
