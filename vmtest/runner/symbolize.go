// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tidelock/tidelock/vmtest/symbolize"
)

// symbolizedLog is the console with lines of source, beside console.log.
const symbolizedLog = "console.symbolized.log"

// symbolizeTime bounds the search for lines; it has to fit into margin.
const symbolizeTime = 5 * time.Second

// symbolize writes the console with lines of source, where the kernel's debug info
// is at hand and there is something to look up: reports, or a test that has failed.
// What goes wrong here is a note: the verdict stands.
func (r *Result) symbolize(c *Config, env Env) {
	if c.Vmlinux == "" || env.Out == "" || r.OK && len(r.Reports) == 0 {
		return
	}
	text, notes, err := symbolized(c, filepath.Join(env.Out, "console.log"))
	if err == nil && text != nil {
		err = writeFile(filepath.Join(env.Out, symbolizedLog), text)
	}
	if err != nil {
		notes = append(notes, err.Error())
	}
	for _, note := range notes {
		r.Notes = append(r.Notes, "lines of source: "+note)
	}
	if lines := r.reportLines(text); lines != "" {
		r.tail = lines
		r.shown = fmt.Sprintf("the report with lines of source (%s has everything)", symbolizedLog)
	}
}

// symbolized returns a console with lines of source, or nil where it names no place.
func symbolized(c *Config, file string) (text []byte, notes []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	// The guest is stopped at maxConsole, and what it wrote by then may be more.
	console, err := io.ReadAll(io.LimitReader(f, 2*maxConsole))
	if err != nil || !symbolize.Any(console) {
		return nil, nil, err
	}
	s, err := symbolize.Open(c.Vmlinux, c.Modules)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	s.Deadline = time.Now().Add(symbolizeTime)
	text = s.Text(console)
	return text, s.Notes(), nil
}

// reportLines is the report that the verdict is about, as far as a failure shows it:
// from its first line on. It is empty where the verdict is about something else.
func (r *Result) reportLines(text []byte) string {
	for _, report := range r.Reports {
		if report.Title != r.Title {
			continue
		}
		// Positions never add a line, so the numbers still hold.
		for range report.Line - 1 {
			i := bytes.IndexByte(text, '\n')
			if i < 0 {
				return ""
			}
			text = text[i+1:]
		}
		if len(text) > tailSize {
			text = text[:bytes.LastIndexByte(text[:tailSize], '\n')+1]
		}
		return printable(text)
	}
	return ""
}
