// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"io"
)

const usage = `Usage: vmrun [flags]

Boots the virtual machine of one test, runs the test's programs in it and judges
what happened. Under Bazel the configuration stands beside the program, and the
environment (TEST_TIMEOUT, XML_OUTPUT_FILE, TEST_UNDECLARED_OUTPUTS_DIR) says where
results go. Exit status: 0 the test has succeeded, 1 it has not, 2 wrong usage.

Flags:
`

// Main is the program vmrun; it returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	p, status, ok := parse("vmrun", usage, args, stderr)
	if !ok {
		return status
	}
	c, err := Load(p.file, p.dir)
	if err == nil {
		p.change(c)
		err = c.check()
	}
	switch {
	case err != nil:
		return p.fails(2, err)
	case p.command:
		fmt.Fprintln(stdout, c.machine().Command())
		return 0
	case c.Skip != "":
		return skip(c, p.xml, stdout, stderr)
	}
	return p.runAndReport(fmt.Sprintf("%s on %s, %d MiB, %d CPUs", c.Name, c.Kernel, c.MemoryMiB, c.CPUs), stdout, func(ctx context.Context, env Env) (outcome, bool) {
		show := &lineEnd{w: stdout}
		env.Show = show
		r := Run(ctx, c, env)
		show.end()
		return r, r.OK
	})
}

// lineEnd passes text on and can end a line that a program left open.
type lineEnd struct {
	w    io.Writer
	open bool
}

func (l *lineEnd) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.open = p[len(p)-1] != '\n'
	}
	return l.w.Write(p)
}

func (l *lineEnd) end() {
	if l.open {
		fmt.Fprintln(l.w)
	}
}

// skip reports a test that cannot run. It is no failure, or one package that
// left the archive would take everything down; it is listed and counted as skipped.
func skip(c *Config, xmlFile string, stdout, stderr io.Writer) int {
	fmt.Fprintf(stdout, "SKIP  %s on %s: %s\n", c.Name, c.Kernel, c.Skip)
	if xmlFile == "" {
		return 0
	}
	r := &Result{Name: c.Name, Kernel: c.Kernel, OK: true, skipped: c.Skip}
	text, err := r.JUnit()
	if err == nil {
		err = writeFile(xmlFile, text)
	}
	if err != nil {
		fmt.Fprintf(stderr, "vmrun: %v\n", err)
		return 1
	}
	return 0
}
