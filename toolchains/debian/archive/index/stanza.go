// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// A stanza of a hostile file may not grow without bounds.
const (
	maxLine   = 4 << 20
	maxStanza = 16 << 20
	maxFields = 1000
)

// Stanza is a paragraph of deb822 fields; names are as written, look them up
// with Get.
type Stanza map[string]string

// Get returns the field of the given name, whatever its letters' case.
func (s Stanza) Get(name string) string {
	if v, ok := s[name]; ok {
		return v
	}
	for k, v := range s {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// ParseStanzas reads deb822 paragraphs and calls f for each. The lines of a
// folded field are joined by newlines, without the leading blank. Only the
// fields in keep are stored, or all if it is empty. The map is f's own.
func ParseStanzas(r io.Reader, keep []string, f func(Stanza) error) error {
	wanted := map[string]bool{}
	for _, k := range keep {
		wanted[k] = true
	}
	br := bufio.NewReaderSize(r, 64<<10)
	s, seen := Stanza{}, map[string]bool{}
	last, fields, size, number := "", 0, 0, 0
	flush := func() error {
		if fields == 0 {
			return nil
		}
		out := s
		s, last, fields, size = Stanza{}, "", 0, 0
		clear(seen)
		return f(out)
	}
	for {
		line, err := readLine(br)
		if err == io.EOF {
			return flush()
		}
		number++
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if size += len(line); size > maxStanza {
			return fmt.Errorf("line %d: a paragraph of more than %d bytes", number, maxStanza)
		}
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			if err := flush(); err != nil {
				return err
			}
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if fields == 0 {
				return fmt.Errorf("line %d: a continuation without a field before it", number)
			}
			if last != "" {
				s[last] += "\n" + string(bytes.TrimSpace(line))
			}
		default:
			name, value, ok := bytes.Cut(line, []byte(":"))
			if !ok || len(bytes.TrimSpace(name)) != len(name) || len(name) == 0 {
				return fmt.Errorf("line %d: %q is no field (wanted Name: value)", number, clip(line))
			}
			if fields++; fields > maxFields {
				return fmt.Errorf("line %d: a paragraph of more than %d fields", number, maxFields)
			}
			last = ""
			if len(wanted) > 0 && !wanted[string(name)] {
				continue
			}
			last = string(name)
			if seen[last] {
				return fmt.Errorf("line %d: the field %s stands twice in its paragraph", number, last)
			}
			seen[last] = true
			s[last] = string(bytes.TrimSpace(value))
		}
	}
}

// readLine returns a line without its end; the slice is valid until the next
// call. A last line without a newline counts.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		long := bytes.Clone(line)
		for err == bufio.ErrBufferFull {
			if len(long) > maxLine {
				return nil, fmt.Errorf("longer than %d bytes", maxLine)
			}
			line, err = r.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func clip(b []byte) []byte { return b[:min(len(b), 60)] }
