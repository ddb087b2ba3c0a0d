// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxLine bounds one line of a tracefile, in bytes.
const maxLine = 1 << 20

// Parse reads a tracefile in LCOV's format. Several records of one source are
// added up. Totals in it are not believed but counted again.
func Parse(in io.Reader) (*Report, error) {
	r := &Report{}
	p := &parser{report: r}
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxLine)
	n := 0
	for s.Scan() {
		n++
		if err := p.line(s.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if p.file != nil {
		return nil, fmt.Errorf("line %d: it ends before end_of_record: the file was cut off", n)
	}
	return r, nil
}

type parser struct {
	report *Report
	file   *File
	starts map[string]int // where the functions of this record begin
}

func (p *parser) line(text string) error {
	key, value, _ := strings.Cut(text, ":")
	switch {
	case text == "" || key == "TN" || strings.HasPrefix(text, "#"):
		return nil
	case key == "SF":
		if p.file != nil || value == "" {
			return fmt.Errorf("%.80q: a record begins in another one, or has no name", text)
		}
		p.file, p.starts = p.report.file(value), map[string]int{}
		return nil
	case p.file == nil:
		return fmt.Errorf("%.80q is outside of a record", text)
	case text == "end_of_record":
		p.file = nil
		return nil
	}
	fields := strings.SplitN(value, ",", limits[key])
	bad := fmt.Errorf("%.80q is not what LCOV writes", text)
	switch key {
	case "FN":
		if len(fields) != 2 {
			return bad
		}
		start, err := number(fields[0])
		if err != nil {
			return bad
		}
		p.starts[fields[1]] = int(start)
	case "FNDA":
		if len(fields) != 2 {
			return bad
		}
		count, err := number(fields[0])
		start, ok := p.starts[fields[1]]
		if err != nil || !ok {
			return bad
		}
		p.file.function(fields[1], Function{Line: start, Count: count})
	case "DA":
		return add(p.file.Lines, fields, 2, func(n []int64) int { return int(n[0]) }, bad)
	case "BRDA":
		return add(p.file.Branches, fields, 4, func(n []int64) Branch { return Branch{int(n[0]), int(n[1]), int(n[2])} }, bad)
	case "FNF", "FNH", "BRF", "BRH", "LF", "LH":
	default:
		return bad
	}
	return nil
}

// limits has into how many fields the value of a key is cut, where a name may have
// a comma.
var limits = map[string]int{"FN": 2, "FNDA": 2, "DA": -1, "BRDA": -1}

// add adds the last of want numbers to what the others name.
func add[K comparable](to map[K]int64, fields []string, want int, key func([]int64) K, bad error) error {
	if len(fields) != want {
		return bad
	}
	if fields[want-1] == "-" { // a way out of a line that never ran
		fields[want-1] = "0"
	}
	numbers := make([]int64, want)
	for i, f := range fields {
		n, err := number(f)
		if err != nil || i < want-1 && n > 1<<31-1 {
			return bad
		}
		numbers[i] = n
	}
	k := key(numbers)
	to[k] = sum(to[k], numbers[want-1])
	return nil
}

func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}

// LCOV writes the report as a tracefile: one record for each source, in order.
func (r *Report) LCOV(w io.Writer) error {
	var b bytes.Buffer
	for _, name := range r.Names() {
		f := r.Files[name]
		fmt.Fprintf(&b, "SF:%s\n", name)
		for _, fn := range slices.SortedFunc(maps.Keys(f.Functions), func(a, b string) int {
			return cmp.Or(cmp.Compare(f.Functions[a].Line, f.Functions[b].Line), cmp.Compare(a, b))
		}) {
			fmt.Fprintf(&b, "FN:%d,%s\nFNDA:%d,%s\n", f.Functions[fn].Line, fn, f.Functions[fn].Count, fn)
		}
		for _, br := range slices.SortedFunc(maps.Keys(f.Branches), func(a, b Branch) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Block, b.Block), cmp.Compare(a.Number, b.Number))
		}) {
			count := fmt.Sprint(f.Branches[br])
			if n, known := f.Lines[br.Line]; known && n == 0 {
				count = "-"
			}
			fmt.Fprintf(&b, "BRDA:%d,%d,%d,%s\n", br.Line, br.Block, br.Number, count)
		}
		for _, line := range slices.Sorted(maps.Keys(f.Lines)) {
			fmt.Fprintf(&b, "DA:%d,%d\n", line, f.Lines[line])
		}
		row := f.row(name)
		fmt.Fprintf(&b, "FNF:%d\nFNH:%d\nBRF:%d\nBRH:%d\nLF:%d\nLH:%d\nend_of_record\n",
			row.Functions.Total, row.Functions.Covered, row.Branches.Total, row.Branches.Covered, row.Lines.Total, row.Lines.Covered)
	}
	_, err := w.Write(b.Bytes())
	return err
}
