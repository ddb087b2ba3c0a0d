// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/vmtest/qemu"
)

const netUsage = `Usage: vmnetrun [flags]

Boots the virtual machines of one test on a private network, runs each role's
programs and judges what happened. Under Bazel the configuration stands beside the
program, and the environment (TEST_TIMEOUT, XML_OUTPUT_FILE,
TEST_UNDECLARED_OUTPUTS_DIR) says where results go. Exit status: 0 the test has
succeeded, 1 it has not, 2 wrong usage.

Flags:
`

// NetMain is the program vmnetrun; it returns the exit status.
func NetMain(args []string, stdout, stderr io.Writer) int {
	p, status, ok := parse("vmnetrun", netUsage, args, stderr)
	if !ok {
		return status
	}
	c, err := LoadNet(p.file, p.dir)
	if err == nil {
		for i := range c.Roles {
			p.change(&c.Roles[i].Guest)
		}
		err = c.check()
	}
	if err != nil {
		return p.fails(2, err)
	}
	if p.command {
		for i := range c.Roles {
			fmt.Fprintln(stdout, c.Roles[i].command())
		}
		return 0
	}
	if why := c.skip(); why != "" {
		return skip(&Config{Name: c.Name, Kernel: c.kernels(), Skip: why}, p.xml, stdout, stderr)
	}
	return p.runAndReport(c.Name+" on "+c.kernels(), stdout, func(ctx context.Context, env Env) (outcome, bool) {
		r := RunNet(ctx, c, env)
		return r, r.OK
	})
}

// command starts the role's guest by hand.
func (r *Role) command() string {
	m := r.Guest.machine()
	(&link{role: r.Role, network: &qemu.Network{MAC: r.MAC}}).plug(m)
	return m.Command()
}

// Save writes the JUnit report to xmlFile (if it is not empty), and the result, and
// each role's kernel log, output and counts under its name, into dir (if it is not
// empty). The rest is tried where one cannot be written; the error names them all.
func (r *NetResult) Save(dir, xmlFile string) error {
	var errs []error
	write := func(file string, data []byte, err error) {
		if err == nil {
			err = writeFile(file, data)
		}
		errs = append(errs, err)
	}
	if xmlFile != "" {
		text, err := r.JUnit()
		write(xmlFile, text, err)
	}
	if dir != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		write(filepath.Join(dir, "result.json"), append(text, '\n'), err)
		for _, role := range r.Roles {
			name := func(file string) string { return filepath.Join(dir, role.Role+"."+file) }
			if role.dmesg != "" {
				write(name("dmesg.log"), []byte(role.dmesg), nil)
			}
			for _, p := range role.Programs {
				write(name(fileName(p.Name)+".log"), []byte(p.output), nil)
			}
		}
	}
	return errors.Join(append(errs, r.saveCoverage(dir, os.Getenv("COVERAGE_DIR")))...)
}

// JUnit renders the result for Bazel: the cases of each role with the role as their
// class, and one case for the verdict on the whole.
func (r *NetResult) JUnit() ([]byte, error) {
	s := junitSuite{Name: r.Name, Time: seconds(r.Seconds)}
	v := junitCase{Name: "verdict", ClassName: r.Kernel, Time: seconds(r.Seconds)}
	text := r.Detail
	for _, role := range r.Roles {
		s.add(role.Role+".", role.Programs)
		text += fmt.Sprintf("\n\nrole %s: %s\n%s\n%s", role.Role, role.Verdict, role.tail, role.Command)
	}
	if !r.OK {
		v.Error = &junitBad{Type: string(r.Class), Message: clean(r.Verdict.String()), Text: clean(text)}
		s.Errors++
	}
	s.Cases = append(s.Cases, v)
	return s.render()
}
