// SPDX-License-Identifier: Apache-2.0

package bep

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"strings"
)

const (
	endSize  = 16 << 10 // how much of a log is looked at
	endLines = 3
	endWidth = 300 // bytes of a line
)

// logEnd returns the last lines of a log that have text, each indented: what a test
// says last is most often why it failed. It is empty where the log cannot be had.
func logEnd(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	f, err := os.Open(u.Path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		f.Seek(max(0, size-endSize), io.SeekStart)
	}
	text, err := io.ReadAll(io.LimitReader(f, endSize))
	if err != nil {
		return ""
	}
	var last [][]byte
	for line := range bytes.Lines(text) {
		// A log may hold anything, and this goes to a terminal.
		line = bytes.TrimSpace(bytes.Map(printable, line))
		if len(line) == 0 {
			continue
		}
		if last = append(last, line[:min(len(line), endWidth)]); len(last) > endLines {
			last = last[1:]
		}
	}
	var b strings.Builder
	for _, line := range last {
		b.WriteString("    " + strings.ToValidUTF8(string(line), "") + "\n")
	}
	return b.String()
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}
