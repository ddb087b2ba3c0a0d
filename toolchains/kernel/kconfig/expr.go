// SPDX-License-Identifier: Apache-2.0

package kconfig

import (
	"regexp"
	"strings"
)

// Values of an expression, in the order that && and || compare them
// (Documentation/kbuild/kconfig-language.rst, "Menu dependencies").
const (
	no = iota
	module
	yes
)

var token = regexp.MustCompile(`\s*(&&|\|\||!=|<=|>=|[!()=<>]|"[^"]*"|'[^']*'|\$\([^)]*\)|[A-Za-z0-9_]+)`)

// tokens splits an expression; ok is false where it holds something else.
func tokens(expression string) (all []string, ok bool) {
	for expression = strings.TrimSpace(expression); expression != ""; expression = strings.TrimSpace(expression) {
		at := token.FindStringSubmatchIndex(expression)
		if at == nil || at[0] != 0 {
			return nil, false
		}
		all = append(all, expression[at[2]:at[3]])
		expression = expression[at[1]:]
	}
	return all, true
}

// parser evaluates an expression. What it does not understand, such as a call
// of the shell, counts as true: it explains, it does not decide.
type parser struct {
	config Config
	rest   []string
}

func (p *parser) next() string {
	if len(p.rest) == 0 {
		return ""
	}
	return p.rest[0]
}

func (p *parser) take() string {
	t := p.next()
	if t != "" {
		p.rest = p.rest[1:]
	}
	return t
}

func (p *parser) or() int {
	v := p.and()
	for p.next() == "||" {
		p.take()
		v = max(v, p.and())
	}
	return v
}

func (p *parser) and() int {
	v := p.unary()
	for p.next() == "&&" {
		p.take()
		v = min(v, p.unary())
	}
	return v
}

func (p *parser) unary() int {
	switch t := p.take(); t {
	case "!":
		return yes - p.unary()
	case "(":
		v := p.or()
		p.take()
		return v
	case "":
		return yes
	default:
		switch op := p.next(); op {
		case "=", "!=":
			p.take()
			if (p.text(t) == p.text(p.take())) == (op == "=") {
				return yes
			}
			return no
		case "<", ">", "<=", ">=":
			p.take()
			p.take()
			return yes
		}
		return p.value(t)
	}
}

// text is what a word stands for in a comparison.
func (p *parser) text(word string) string {
	if strings.HasPrefix(word, `"`) || strings.HasPrefix(word, "'") {
		return strings.Trim(word, `"'`)
	}
	switch word {
	case "y", "m", "n":
		return word
	}
	return strings.Trim(p.config.Get(word), `"`)
}

func (p *parser) value(word string) int {
	if strings.HasPrefix(word, "$") {
		return yes
	}
	switch p.text(word) {
	case "y", "yes":
		return yes
	case "m":
		return module
	}
	return no
}

// eval is the value of an expression under a configuration.
func eval(expression string, c Config) int {
	all, ok := tokens(expression)
	if !ok {
		return yes
	}
	p := parser{config: c, rest: all}
	return p.or()
}

// terms splits an expression at the && that are not inside of parentheses.
func terms(expression string) []string {
	all, ok := tokens(expression)
	if !ok {
		return []string{expression}
	}
	var out, current []string
	depth := 0
	for _, t := range all {
		switch t {
		case "(":
			depth++
		case ")":
			depth--
		case "||":
			if depth == 0 {
				return []string{expression} // one alternative is enough
			}
		case "&&":
			if depth == 0 {
				out, current = append(out, join(current)), nil
				continue
			}
		}
		current = append(current, t)
	}
	return append(out, join(current))
}

func join(words []string) string {
	text := strings.Join(words, " ")
	return strings.NewReplacer("! ", "!", "( ", "(", " )", ")").Replace(text)
}
