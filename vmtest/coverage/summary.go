// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// Ratio is a part of a whole.
type Ratio struct {
	Covered int `json:"covered"`
	Total   int `json:"total"`
	// Percent has one digit behind the point, rounded down: 100 means all of it.
	Percent float64 `json:"percent"`
}

func ratio(covered, total int) Ratio {
	r := Ratio{covered, total, 100}
	if total > 0 {
		r.Percent = math.Floor(float64(covered)*1000/float64(total)) / 10
	}
	return r
}

func (r Ratio) String() string {
	if r.Total == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d %.1f%%", r.Covered, r.Total, r.Percent)
}

// Row sums up one source, or all.
type Row struct {
	// File is the source's name.
	File      string `json:"file"`
	Lines     Ratio  `json:"lines"`
	Functions Ratio  `json:"functions"`
	Branches  Ratio  `json:"branches"`
	// Missed lists the lines that never ran, as ranges. Example: "12-14, 20"
	Missed string `json:"missed,omitempty"`
}

// Summary is the table of a report.
type Summary struct {
	Schema int `json:"schema"`
	// Tests is how many tests have contributed.
	Tests int   `json:"tests"`
	Files []Row `json:"files"`
	// Total is all files together; its File is "total".
	Total Row `json:"total"`
}

// Summary sums up the report, to which a number of tests have contributed.
func (r *Report) Summary(tests int) *Summary {
	s := &Summary{Schema: 1, Tests: tests, Files: []Row{}, Total: Row{File: "total"}}
	var sums [6]int
	for _, name := range r.Names() {
		row := r.Files[name].row(name)
		s.Files = append(s.Files, row)
		for i, n := range []int{row.Lines.Covered, row.Lines.Total, row.Functions.Covered, row.Functions.Total, row.Branches.Covered, row.Branches.Total} {
			sums[i] += n
		}
	}
	s.Total.Lines, s.Total.Functions, s.Total.Branches = ratio(sums[0], sums[1]), ratio(sums[2], sums[3]), ratio(sums[4], sums[5])
	return s
}

func (f *File) row(name string) Row {
	functions := make(map[string]int64, len(f.Functions))
	for name, fn := range f.Functions {
		functions[name] = fn.Count
	}
	return Row{File: name, Lines: part(f.Lines), Functions: part(functions), Branches: part(f.Branches), Missed: f.missed()}
}

func part[K comparable](counts map[K]int64) Ratio {
	covered := 0
	for _, n := range counts {
		if n > 0 {
			covered++
		}
	}
	return ratio(covered, len(counts))
}

// JSON writes the summary as JSON.
func (s *Summary) JSON(w io.Writer) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// rows are the cells of all rows, the total last.
func (s *Summary) rows() [][]string {
	var out [][]string
	for _, r := range append(s.Files[:len(s.Files):len(s.Files)], s.Total) {
		out = append(out, []string{r.File, r.Lines.String(), r.Functions.String(), r.Branches.String()})
	}
	return out
}

// Text writes the summary for a terminal.
func (s *Summary) Text(w io.Writer) error {
	rows := append([][]string{{"file", "lines", "functions", "branches"}}, s.rows()...)
	var width [4]int
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%-*s  %*s  %*s  %*s\n", width[0], row[0], width[1], row[1], width[2], row[2], width[3], row[3])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the summary as a table, with the lines that never ran.
func (s *Summary) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Coverage by %d tests: %s of lines.\n\n", s.Tests, s.Total.Lines)
	b.WriteString("| file | lines | functions | branches | lines that never ran |\n|---|---|---|---|---|\n")
	for i, row := range s.rows() {
		missed := ""
		if i < len(s.Files) {
			missed = s.Files[i].Missed
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(strings.Join(row[:1], ""), "|", `\|`), strings.Join(append(row[1:], missed), " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
