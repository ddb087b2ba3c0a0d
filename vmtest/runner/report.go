// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/tools/wholefile"
	"github.com/tidelock/tidelock/vmtest/results"
)

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string     `xml:"name,attr"`
	ClassName string     `xml:"classname,attr"`
	Time      string     `xml:"time,attr"`
	Failure   *junitBad  `xml:"failure,omitempty"`
	Error     *junitBad  `xml:"error,omitempty"`
	Skipped   *junitSkip `xml:"skipped,omitempty"`
	Output    string     `xml:"system-out,omitempty"`
}

type junitSkip struct {
	Message string `xml:"message,attr,omitempty"`
}

type junitBad struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit renders the result for Bazel: a case for each test of each program, and
// one named "verdict", which is the only one that may fail when the kernel and
// not a test is to blame.
func (r *Result) JUnit() ([]byte, error) {
	s := junitSuite{Name: r.Name, Time: seconds(r.Times.Total)}
	s.add("", r.Programs)
	v := junitCase{Name: "verdict", ClassName: r.Kernel, Time: seconds(r.Times.Overhead)}
	if r.skipped != "" {
		v.Skipped = &junitSkip{clean(r.skipped)}
		s.Skipped++
	}
	if !r.OK {
		v.Error = &junitBad{Type: string(r.Class), Message: clean(r.Verdict.String()), Text: clean(r.Detail + "\n\n" + r.tail + "\n\n" + r.Command)}
		s.Errors++
	}
	s.Cases = append(s.Cases, v)
	return s.render()
}

// add appends the cases of programs; class stands before the name of each program.
func (s *junitSuite) add(class string, programs []Program) {
	for _, p := range programs {
		for _, c := range p.Cases {
			j := junitCase{Name: c.Name, ClassName: class + p.Name, Time: seconds(c.Seconds), Output: clean(c.Output)}
			switch c.Status {
			case results.Fail:
				j.Failure = &junitBad{Type: "TESTFAIL", Message: c.Name + " failed"}
				s.Failures++
			case results.Skip:
				j.Skipped = &junitSkip{clean(c.Reason)}
				s.Skipped++
			case results.Known:
				j.Skipped = &junitSkip{"known failure: " + clean(c.Reason)}
				s.Skipped++
			}
			s.Cases = append(s.Cases, j)
		}
	}
}

// render completes the report.
func (s *junitSuite) render() ([]byte, error) {
	s.Tests = len(s.Cases)
	out, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"testsuites"`
		Suite   *junitSuite
	}{Suite: s}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

// clean makes text printable; XML knows no control characters at all.
func clean(s string) string { return printable([]byte(s)) }

// Save writes the JUnit report to xmlFile (if it is not empty), and result, kernel log,
// each program's output and coverage into dir (if it is not empty). What is needed most
// comes first, and the rest is tried where one cannot be written: a disk that is full
// of coverage must not take the verdict along. The error names every file that is missing.
func (r *Result) Save(dir, xmlFile string) error {
	var errs []error
	if xmlFile != "" {
		text, err := r.JUnit()
		if err == nil {
			err = writeFile(xmlFile, text)
		}
		errs = append(errs, named("JUnit report", err))
	}
	if dir != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err == nil {
			err = writeFile(filepath.Join(dir, "result.json"), append(text, '\n'))
		}
		errs = append(errs, named("result.json", err))
		if r.dmesg != "" {
			errs = append(errs, named("kernel log", writeFile(filepath.Join(dir, "dmesg.log"), []byte(r.dmesg))))
		}
		for _, p := range r.Programs {
			errs = append(errs, named("output of "+p.Name, writeFile(filepath.Join(dir, fileName(p.Name)+".log"), []byte(p.output))))
		}
	}
	errs = append(errs, named("coverage", r.coverage.save(dir, os.Getenv("COVERAGE_DIR"))))
	return errors.Join(errs...)
}

// named says what could not be written; nil stays nil.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// fileName makes a file name of a program's name.
func fileName(name string) string {
	out := []byte("program-" + name)
	for i, c := range out {
		if c == '/' || c <= ' ' || c >= 0x7f {
			out[i] = '_'
		}
	}
	return string(out)
}

// writeFile writes a file as a whole: half a report is no report.
func writeFile(path string, data []byte) error { return wholefile.Write(path, data, 0o644) }
