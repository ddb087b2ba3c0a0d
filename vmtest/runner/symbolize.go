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

// The search for lines must not keep a verdict from being said, so both together have
// to fit into margin. After symbolizeTime it goes on without looking anything up;
// symbolizeGrace later, nobody waits for it any more.
var (
	symbolizeTime  = 4 * time.Second
	symbolizeGrace = 2 * time.Second
)

// symbolize writes the console with lines of source, where the kernel's debug info
// is at hand and there is something to look up: reports, or a test that has failed.
// What goes wrong here is a note: the verdict stands.
func (r *Result) symbolize(c *Config, env Env) {
	if c.Vmlinux == "" || r.console == "" || r.OK && len(r.Reports) == 0 {
		return
	}
	name := env.link.file(symbolizedLog)
	text, notes, err := symbolizedInTime(c, filepath.Join(env.Out, r.console))
	if err == nil && text != nil {
		err = writeFile(filepath.Join(env.Out, name), text)
	}
	if err != nil {
		notes = append(notes, err.Error())
	}
	for _, note := range notes {
		r.Notes = append(r.Notes, "lines of source: "+note)
	}
	if lines := r.reportLines(text); lines != "" {
		r.tail = lines
		r.shown = fmt.Sprintf("the report with lines of source (%s has everything)", name)
	}
}

// symbolizedInTime is symbolized, which ends in time whatever the files are like: one
// that cannot be read to its end, a console of nothing but places, debug info that
// takes forever. What goes on behind it ends with the process.
func symbolizedInTime(c *Config, file string) ([]byte, []string, error) {
	type found struct {
		text  []byte
		notes []string
		err   error
	}
	end := time.Now().Add(symbolizeTime)
	done := make(chan found, 1)
	go func() {
		text, notes, err := symbolized(c, file, end)
		done <- found{text, notes, err}
	}()
	late := time.NewTimer(time.Until(end) + symbolizeGrace)
	defer late.Stop()
	select {
	case f := <-done:
		return f.text, f.notes, f.err
	case <-late.C:
		return nil, nil, fmt.Errorf("the search was cut off after %v", symbolizeTime+symbolizeGrace)
	}
}

// symbolized returns a console with lines of source, or nil where it names no place.
func symbolized(c *Config, file string, end time.Time) (text []byte, notes []string, err error) {
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
	s.Deadline = end
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
