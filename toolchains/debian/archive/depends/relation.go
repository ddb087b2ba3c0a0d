// SPDX-License-Identifier: Apache-2.0

// Package depends reads dependency fields of Debian packages and finds the
// packages that a set of packages needs.
package depends

import (
	"fmt"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/archive/version"
)

// Relation is one alternative of a dependency: a package's name and perhaps a
// condition on its version.
type Relation struct {
	Name string
	// Qualifier is the architecture after a colon, such as any; often empty.
	Qualifier string
	// Op and Version are the condition, both empty if there is none.
	Op, Version string
}

// String writes the relation as it stands in a field.
func (r Relation) String() string {
	s := r.Name
	if r.Qualifier != "" {
		s += ":" + r.Qualifier
	}
	if r.Op != "" {
		s += " (" + r.Op + " " + r.Version + ")"
	}
	return s
}

// Alternatives is one dependency: any of the relations satisfies it.
type Alternatives []Relation

// String writes the dependency as it stands in a field.
func (a Alternatives) String() string {
	parts := make([]string, len(a))
	for i, r := range a {
		parts[i] = r.String()
	}
	return strings.Join(parts, " | ")
}

// Parse reads a field like Depends or Provides of a binary package.
func Parse(field string) ([]Alternatives, error) {
	var out []Alternatives
	if strings.TrimSpace(field) == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(field, ",") {
		if strings.TrimSpace(part) == "" {
			continue // dpkg takes a comma at the end
		}
		var alternatives Alternatives
		for text := range strings.SplitSeq(part, "|") {
			r, err := parseRelation(text)
			if err != nil {
				return nil, err
			}
			alternatives = append(alternatives, r)
		}
		out = append(out, alternatives)
	}
	return out, nil
}

func parseRelation(text string) (Relation, error) {
	bad := func(why string) (Relation, error) {
		return Relation{}, fmt.Errorf("dependency %.80q: %s (wanted name, name:arch or name (>= version))", strings.TrimSpace(text), why)
	}
	var r Relation
	rest := strings.TrimSpace(text)
	name := rest
	if i := strings.IndexAny(rest, " \t\n("); i >= 0 {
		name, rest = rest[:i], strings.TrimSpace(rest[i:])
	} else {
		rest = ""
	}
	r.Name, r.Qualifier, _ = strings.Cut(name, ":")
	if !isName(r.Name) {
		return bad("no package name")
	}
	if strings.HasSuffix(name, ":") || r.Qualifier != "" && !isName(r.Qualifier) {
		return bad("no architecture after the colon")
	}
	if rest == "" {
		return r, nil
	}
	inner, ok := strings.CutPrefix(rest, "(")
	inner, ok2 := strings.CutSuffix(inner, ")")
	if !ok || !ok2 {
		return bad("something else than a version in parentheses follows the name")
	}
	inner = strings.TrimSpace(inner)
	n := 0
	for n < len(inner) && strings.IndexByte("<>=", inner[n]) >= 0 {
		n++
	}
	r.Op, r.Version = inner[:n], strings.TrimSpace(inner[n:])
	switch r.Op {
	case "<<", "<=", "=", ">=", ">>", "<", ">":
	default:
		return bad("unknown operator")
	}
	if err := version.Check(r.Version); err != nil {
		return bad(err.Error())
	}
	return r, nil
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || strings.IndexByte("+-._", c) < 0) {
			return false
		}
	}
	return s != ""
}
