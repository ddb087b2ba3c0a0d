// SPDX-License-Identifier: Apache-2.0

// Package diff compares two sets of kernels: build matrices, locks or crawls.
package diff

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Set holds kernels by key (distribution/architecture/name). A value is what
// the kernel's entry holds, as encoding/json decodes it.
type Set map[string]any

// Change is a kernel that both sets have, differently.
type Change struct {
	Key string `json:"key"`
	// Fields holds what differs, as paths like "config.TLS", sorted.
	Fields []string `json:"fields"`
	Old    any      `json:"old"`
	New    any      `json:"new"`
}

// Result is the difference between two sets. All lists are sorted by key.
type Result struct {
	Added   []any    `json:"added"`
	Changed []Change `json:"changed"`
	Removed []any    `json:"removed"`

	added, removed []string
	same           []string
}

// Compare compares two sets.
func Compare(before, after Set) *Result {
	r := &Result{Added: []any{}, Changed: []Change{}, Removed: []any{}}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		old, ok := before[key]
		if !ok {
			r.Added = append(r.Added, after[key])
			r.added = append(r.added, key)
			continue
		}
		if fields := differing("", old, after[key]); len(fields) > 0 {
			r.Changed = append(r.Changed, Change{key, fields, old, after[key]})
		} else {
			r.same = append(r.same, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[key]; !ok {
			r.Removed = append(r.Removed, before[key])
			r.removed = append(r.removed, key)
		}
	}
	return r
}

// Same tells whether there is no difference.
func (r *Result) Same() bool {
	return len(r.Added)+len(r.Changed)+len(r.Removed) == 0
}

// differing returns the paths at which two decoded JSON values differ. Lists
// are compared as a whole.
func differing(path string, a, b any) []string {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok || !bok {
		if equal(a, b) {
			return nil
		}
		return []string{cmp.Or(path, "all")}
	}
	keys := maps.Clone(am)
	maps.Copy(keys, bm)
	var fields []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		below := key
		if path != "" {
			below = path + "." + key
		}
		av, inA := am[key]
		bv, inB := bm[key]
		if inA != inB {
			fields = append(fields, below)
			continue
		}
		fields = append(fields, differing(below, av, bv)...)
	}
	return fields
}

func equal(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// WriteJSON prints the result for scripts.
func (r *Result) WriteJSON(w io.Writer) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// WriteTable prints the result for people: the numbers for each distribution
// and architecture, then at most limit kernels by name; all if limit is negative.
func (r *Result) WriteTable(w io.Writer, limit int) error {
	var buf bytes.Buffer
	if r.Same() {
		fmt.Fprintf(&buf, "no difference in %d kernels\n", len(r.same))
		_, err := w.Write(buf.Bytes())
		return err
	}
	type count struct{ added, changed, removed, same int }
	counts := map[string]*count{}
	at := func(key string) *count {
		cell := key
		if i := strings.LastIndexByte(key, '/'); i >= 0 {
			cell = key[:i]
		}
		if counts[cell] == nil {
			counts[cell] = &count{}
		}
		return counts[cell]
	}
	var lines []string
	for _, key := range r.added {
		at(key).added++
		lines = append(lines, "+ "+key)
	}
	for _, c := range r.Changed {
		at(c.Key).changed++
		lines = append(lines, "~ "+c.Key+": "+strings.Join(c.Fields, ", "))
	}
	for _, key := range r.removed {
		at(key).removed++
		lines = append(lines, "- "+key)
	}
	for _, key := range r.same {
		at(key).same++
	}
	t := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "distribution/arch\tadded\tchanged\tremoved\tsame\t")
	for _, cell := range slices.Sorted(maps.Keys(counts)) {
		c := counts[cell]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t\n", cell, c.added, c.changed, c.removed, c.same)
	}
	fmt.Fprintf(t, "all\t%d\t%d\t%d\t%d\t\n", len(r.added), len(r.Changed), len(r.removed), len(r.same))
	if err := t.Flush(); err != nil {
		return err
	}
	buf.WriteByte('\n')
	for i, line := range lines {
		if limit >= 0 && i == limit {
			fmt.Fprintf(&buf, "… and %d more\n", len(lines)-limit)
			break
		}
		buf.WriteString(line + "\n")
	}
	_, err := w.Write(buf.Bytes())
	return err
}
