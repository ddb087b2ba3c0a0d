// SPDX-License-Identifier: Apache-2.0

// Package lcov turns what gcov measured into LCOV's tracefile format.
package lcov

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// What gcov --json-format writes: one document for each data file. Other fields are ignored.
type document struct {
	FormatVersion string `json:"format_version"`
	Files         []file `json:"files"`
}

type file struct {
	Name      string     `json:"file"`
	Functions []function `json:"functions"`
	Lines     []line     `json:"lines"`
}

type function struct {
	Name  string `json:"name"`
	Line  int    `json:"start_line"`
	Count int64  `json:"execution_count"`
}

type line struct {
	Number   int      `json:"line_number"`
	Count    int64    `json:"count"`
	Branches []branch `json:"branches"`
}

type branch struct {
	Count int64 `json:"count"`
}

// ours tells sources of the tree from the compiler's and the C library's headers.
func ours(name string) bool {
	return name != "" && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "bazel-out/") &&
		!strings.HasPrefix(name, "../") && !strings.ContainsAny(name, "\r\n")
}

// Convert reads gcov's JSON and writes one record for each source of the tree.
func Convert(w io.Writer, data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	for n := 0; ; n++ {
		var d document
		if err := decoder.Decode(&d); err == io.EOF && n > 0 {
			return nil
		} else if err != nil {
			return fmt.Errorf("gcov's JSON cannot be read: %w", err)
		}
		// "1" is of GCC 12; what is read here is the same in both.
		if d.FormatVersion != "1" && d.FormatVersion != "2" {
			return fmt.Errorf("gcov's JSON has the format %q, \"1\" and \"2\" are known: was gcov's version changed?", d.FormatVersion)
		}
		for _, f := range d.Files {
			if !ours(f.Name) {
				continue
			}
			if err := f.write(w); err != nil {
				return err
			}
		}
	}
}

func (f *file) write(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SF:%s\n", f.Name)
	hit := 0
	for _, fn := range f.Functions {
		fmt.Fprintf(&b, "FN:%d,%s\nFNDA:%d,%s\n", fn.Line, oneLine(fn.Name), fn.Count, oneLine(fn.Name))
		if fn.Count > 0 {
			hit++
		}
	}
	fmt.Fprintf(&b, "FNF:%d\nFNH:%d\n", len(f.Functions), hit)
	branches, taken := 0, 0
	for _, l := range f.Lines {
		for i, br := range l.Branches {
			count := fmt.Sprint(br.Count)
			if l.Count == 0 {
				count = "-" // never reached, as opposed to never taken
			}
			fmt.Fprintf(&b, "BRDA:%d,0,%d,%s\n", l.Number, i, count)
			branches++
			if br.Count > 0 {
				taken++
			}
		}
	}
	fmt.Fprintf(&b, "BRF:%d\nBRH:%d\n", branches, taken)
	hit = 0
	for _, l := range f.Lines {
		fmt.Fprintf(&b, "DA:%d,%d\n", l.Number, l.Count)
		if l.Count > 0 {
			hit++
		}
	}
	fmt.Fprintf(&b, "LH:%d\nLF:%d\nend_of_record\n", hit, len(f.Lines))
	_, err := w.Write(b.Bytes())
	return err
}

func oneLine(name string) string {
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(name)
}
