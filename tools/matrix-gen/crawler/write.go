// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Write prints the list in its canonical form: keys, entries and packages
// sorted, two spaces of indentation, a final newline. Two lists with the same
// content give the same bytes.
func (l *List) Write(w io.Writer) error {
	type document map[string]any // encoding/json sorts the keys
	doc := document{}
	if l.Archives != nil {
		doc[MetaKey] = []Meta{{Schema: Schema, Arch: l.Arch, Archives: l.Archives}}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Distributions)) {
		if name == MetaKey {
			return fmt.Errorf("a distribution cannot be called %q: that key is reserved", name)
		}
		entries := slices.Clone(l.Distributions[name])
		for i := range entries {
			entries[i] = entries[i].sorted()
		}
		slices.SortFunc(entries, compareEntries)
		if entries == nil {
			entries = []Entry{}
		}
		doc[name] = entries
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // URLs keep their "&"
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// sorted returns a copy of the entry with its lists in canonical order.
func (e Entry) sorted() Entry {
	e.Headers = slices.Clone(e.Headers)
	if e.Headers == nil {
		e.Headers = []string{}
	}
	slices.Sort(e.Headers)
	e.Headers = slices.Compact(e.Headers)
	e.Packages = slices.Clone(e.Packages)
	slices.SortFunc(e.Packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Ref(), b.Ref()))
	})
	return e
}

func compareEntries(a, b Entry) int {
	return cmp.Or(
		cmp.Compare(a.KernelRelease, b.KernelRelease),
		cmp.Compare(a.KernelVersion, b.KernelVersion),
		cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Release, b.Release),
		slices.Compare(a.Headers, b.Headers),
	)
}
