// SPDX-License-Identifier: Apache-2.0

package jars

import "strings"

// A line of a manifest holds at most 72 bytes with its line end; the rest goes
// into continuation lines that begin with a space.
const lineBytes = 70

// stripClassPath takes Class-Path out of a manifest's main section and returns
// the rest and the entries it named.
func stripClassPath(manifest string) (rest string, entries []string) {
	text := strings.ReplaceAll(manifest, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\n ", "")
	main, sections, more := strings.Cut(text, "\n\n")
	var b strings.Builder
	for line := range strings.Lines(main) {
		line = strings.TrimSuffix(line, "\n")
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(key, "Class-Path") {
			entries = append(entries, strings.Fields(value)...)
			continue
		}
		writeFolded(&b, line)
	}
	if more {
		b.WriteString("\n")
		for line := range strings.Lines(sections) {
			writeFolded(&b, strings.TrimSuffix(line, "\n"))
		}
	}
	return b.String(), entries
}

func writeFolded(b *strings.Builder, line string) {
	for len(line) > lineBytes {
		b.WriteString(line[:lineBytes] + "\n")
		line = " " + line[lineBytes:]
	}
	b.WriteString(line + "\n")
}
