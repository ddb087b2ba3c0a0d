// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// listFlag collects words from a flag that may be repeated and may hold several
// words with commas between them.
type listFlag struct {
	words []string
	// one turns a word into its canonical form; nil leaves it.
	one func(string) (string, error)
	// whole takes each value as one word, commas included.
	whole bool
}

func (l *listFlag) String() string { return strings.Join(l.words, ",") }

func (l *listFlag) Set(s string) error {
	words := []string{s}
	if !l.whole {
		words = strings.Split(s, ",")
	}
	for _, w := range words {
		w = strings.TrimSpace(w)
		if w == "" {
			return fmt.Errorf("there is an empty name in %q", s)
		}
		if l.one != nil {
			var err error
			if w, err = l.one(w); err != nil {
				return err
			}
		}
		l.add(w)
	}
	return nil
}

func (l *listFlag) add(w string) {
	for _, old := range l.words {
		if old == w {
			return
		}
	}
	l.words = append(l.words, w)
}

// shrinkFlag is --allow-shrink (any loss) or --allow-shrink=5 (per cent).
type shrinkFlag struct {
	any     bool
	percent float64
}

func (s *shrinkFlag) IsBoolFlag() bool { return true }

func (s *shrinkFlag) String() string {
	if s.any {
		return "true"
	}
	return strconv.FormatFloat(s.percent, 'g', -1, 64)
}

func (s *shrinkFlag) Set(text string) error {
	if b, err := strconv.ParseBool(text); err == nil && text != "0" && text != "1" {
		*s = shrinkFlag{any: b}
		return nil
	}
	p, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(p >= 0 && p <= 100) {
		return fmt.Errorf("%q is not a percentage from 0 to 100", text)
	}
	*s = shrinkFlag{percent: p}
	return nil
}

// pairsFlag collects NAME=VALUE.
type pairsFlag map[string]string

func (p pairsFlag) String() string { return "" }

func (p pairsFlag) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" || value == "" {
		return fmt.Errorf("%q is not of the form NAME=VALUE", s)
	}
	p[name] = value
	return nil
}
