// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"fmt"
	"io"
	"sort"
)

// lineReader passes bytes through and remembers where lines begin, so that an
// offset in the input can be told as line and column.
type lineReader struct {
	r      io.Reader
	offset int64
	// newlines holds the offset of each newline that was read. A list of
	// 100 MB has some three million of them, which is less than its entries take.
	newlines []int64
}

func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.newlines = append(l.newlines, l.offset+int64(i))
		}
	}
	l.offset += int64(n)
	return n, err
}

// position returns the line and column, from 1, of an offset.
func (l *lineReader) position(offset int64) (line, column int64) {
	n := sort.Search(len(l.newlines), func(i int) bool { return l.newlines[i] >= offset })
	start := int64(0)
	if n > 0 {
		start = l.newlines[n-1] + 1
	}
	return int64(n) + 1, offset - start + 1
}

// SyntaxError is a fault in the text of a list, with the place where it is.
type SyntaxError struct {
	// Source is the file or URL, Line and Column count from 1.
	Source       string
	Line, Column int64
	// Path is the place in the document, for example "debian[3].headers[0]".
	Path string
	// Msg says what is wrong and what is expected.
	Msg string
}

func (e *SyntaxError) Error() string {
	where := fmt.Sprintf("%s:%d:%d: ", e.Source, e.Line, e.Column)
	if e.Path != "" {
		where += e.Path + ": "
	}
	return where + e.Msg
}
