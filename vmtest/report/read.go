// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/runner"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// schema is the form of result.json that is understood.
const schema = 1

// maxSeconds is longer than any test: 100 days.
const maxSeconds = 100 * 24 * 3600

// read makes a cell of the run at a place; nil if that is no VM test. A warning
// tells of a result that could not be used at all.
func (p place) read() (c *Cell, warning string) {
	logFile := filepath.Join(p.dir, "test.log")
	l := readLog(logFile, p.rel)
	o, err := openOutputs(p.dir)
	defer o.close()
	var data []byte
	c = &Cell{rel: p.rel}
	if err == nil {
		data, c.When, err = o.read(resultFile, false)
	}
	none := errors.Is(err, fs.ErrNotExist)
	var r result
	if err == nil {
		err = decode(data, &r)
	}
	if !l.vm && r.Kernel == "" && !named(p.rel, l) {
		if !none {
			warning = fmt.Sprintf("%s: left out: it has a %s, but no VM test wrote it", line(p.rel), resultFile)
		}
		return nil, warning
	}
	switch {
	case err == nil:
		c.fill(&r.Result)
		if r.net() {
			c.fillRoles(&r)
		}
		c.checkTimes()
	case none && l.skip != "":
		c.Status, c.Class, c.Title = Skip, Skipped, line(l.skip)
	case none:
		c.Status, c.Class, c.Title = Bad, NoResult, line(cmp.Or(l.failed, "the test left no "+resultFile))
	default:
		c.Status, c.Class, c.Title = Bad, Unreadable, line(fmt.Sprintf("%s: %v", resultFile, err))
	}
	if c.When.IsZero() {
		c.When = fileTime(logFile)
	}
	if c.When.IsZero() {
		c.When = fileTime(filepath.Join(p.dir, "test.xml"))
	}
	c.identify(p, l, &r)
	if c.Status == Bad {
		c.tails(o, logFile)
	}
	if !fileTime(logFile).IsZero() {
		c.Files = append(c.Files, File{Path: logFile})
	}
	for _, file := range o.files() {
		c.Files = append(c.Files, File{Path: file})
	}
	for i, f := range c.Files {
		c.Files[i].Name = line(filepath.Base(f.Path))
	}
	return c, ""
}

// named tells whether a test without a result is a VM test by its name. A name that
// ends in an architecture is one that other tests have too, and those say something.
func named(rel string, l log) bool {
	m := keyAtEnd.FindStringSubmatch(rel)
	return m != nil && (m[3] != "" || !l.other)
}

// decode reads a result. Fields that are not known here are passed over: the
// runner may say more than a reader wants.
func decode(data []byte, r *result) error {
	if err := json.Unmarshal(data, r); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			if int(syntax.Offset) >= len(bytes.TrimRight(data, " \n")) {
				return fmt.Errorf("it ends in the middle, after %d bytes: it was truncated", len(data))
			}
			return fmt.Errorf("line %d: %v", 1+bytes.Count(data[:syntax.Offset], []byte("\n")), err)
		}
		return err
	}
	switch {
	case r.Schema != schema:
		return fmt.Errorf("it has schema %d, and this report reads schema %d", r.Schema, schema)
	case r.Class == "":
		return errors.New("it has no class")
	}
	return r.checkRoles()
}

// fill takes over what a result says.
func (c *Cell) fill(r *runner.Result) {
	c.Class, c.Title, c.Detail = verdict.Class(line(string(r.Class))), line(r.Title), head(r.Detail)
	// Without a pattern for the title the runner's text ends in a colon.
	c.Expected = strings.TrimSuffix(line(r.Expected), ":")
	c.Release, c.Accel = line(r.Release), line(r.Accel)
	c.Times = r.Times
	c.Status = Bad
	switch {
	case r.OK && (r.Class == verdict.Pass || r.Expected != ""):
		c.Status = OK
	case r.OK:
		c.Notes = append(c.Notes, "The result says that the test has succeeded, but its class is not PASS and no other one was expected.")
	}
	for _, p := range r.Programs {
		own := Program{Name: line(p.Name), Exit: p.Exit, Signal: line(p.Signal), Error: line(p.Error), Problem: line(p.Problem), Seconds: p.Seconds}
		for _, k := range p.Cases {
			k.Name, k.Status, k.Reason = line(k.Name), results.Status(line(string(k.Status))), line(k.Reason)
			if k.Status != results.Pass {
				k.Output = head(k.Output)
			} else {
				k.Output = "" // it is in the program's log
			}
			own.Cases = append(own.Cases, k)
		}
		c.Programs = append(c.Programs, own)
	}
	for _, s := range r.Reports {
		s.Title, s.Text = line(s.Title), line(s.Text)
		c.Reports = append(c.Reports, s)
	}
	for _, s := range r.Ignored {
		c.Ignored = append(c.Ignored, line(s))
	}
	for _, s := range r.Notes {
		c.Notes = append(c.Notes, line(s))
	}
	if r.Accel == "tcg" && r.Why != "" {
		c.Notes = append(c.Notes, line("Not on KVM: "+r.Why))
	}
}

// checkTimes throws away times that cannot be.
func (c *Cell) checkTimes() {
	all := []*float64{&c.Times.Boot, &c.Times.Programs, &c.Times.Total, &c.Times.Overhead}
	for i := range c.Roles {
		t := &c.Roles[i].Times
		all = append(all, &t.Boot, &t.Programs, &t.Total, &t.Overhead)
	}
	for _, t := range all {
		if *t < 0 || *t > maxSeconds {
			c.Notes = append(c.Notes, fmt.Sprintf("A time of %g seconds is impossible, and was left out.", *t))
			*t = 0
		}
	}
}

// identify finds out which test this is and under which kernel it ran. The place
// of the files decides: what they say may be anything.
func (c *Cell) identify(p place, l log, r *result) {
	for _, label := range []string{r.Name, l.label} {
		if belongs(label, p.rel) {
			c.Label = line(strings.TrimLeft(label, "@"))
			break
		}
	}
	if r.Name != "" && !belongs(r.Name, p.rel) {
		c.Notes = append(c.Notes, line(fmt.Sprintf("The result calls its test %s.", r.Name)))
	}
	c.Kernel, c.Arch = line(cmp.Or(r.Kernel, l.kernel)), line(r.Arch)
	if c.Roles == nil && r.net() {
		c.Roles = roleKernels(r.Kernel) // the network could not be made
	}
	if c.Roles == nil {
		c.Roles = l.roles
	}
	if c.Roles != nil {
		c.Arch = c.Roles[0].Arch
		if slices.ContainsFunc(c.Roles, func(r Role) bool { return r.Arch != c.Arch }) {
			c.Arch = "" // several
		}
		return
	}
	m := keyAtEnd.FindStringSubmatch(p.rel)
	if m != nil && c.Kernel == "" && m[3] != "" {
		c.Kernel = line(strings.Join(m[1:4], "/"))
	}
	if m != nil && c.Arch == "" {
		c.Arch = m[2] + m[4] // one of them is empty
	}
	if k := parseKernel(c.Kernel, c.Arch); c.Kernel != "" {
		c.Arch = k.Arch
	}
}
