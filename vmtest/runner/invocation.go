// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// invocation is what vmrun and vmnetrun have in common: how they are called, and what
// surrounds a run.
type invocation struct {
	name   string
	stderr io.Writer

	file, dir string // the configuration, and from where its paths are taken
	out, xml  string // where results go, each may be empty
	accel     string // instead of the test's, unless empty
	timeout   int    // seconds, instead of the test's, unless 0
	command   bool   // print commands, run nothing
}

// parse reads a command line. Where there is nothing more to do, ok is false and
// status is the exit status.
func parse(name, usage string, args []string, stderr io.Writer) (p *invocation, status int, ok bool) {
	p = &invocation{name: name, stderr: stderr}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&p.file, "config", args[0]+".json", "configuration of the test")
	flags.StringVar(&p.dir, "dir", runfiles(args[0]), "folder from which its relative paths are taken")
	flags.StringVar(&p.out, "out", os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR"), "folder for consoles, kernel logs, result.json and what else the run leaves")
	flags.StringVar(&p.xml, "xml", os.Getenv("XML_OUTPUT_FILE"), "file for the JUnit report")
	flags.StringVar(&p.accel, "accel", "", "tcg, auto or kvm, instead of what the test says")
	flags.IntVar(&p.timeout, "timeout", 0, "time limit of each guest in seconds, instead of the test's")
	flags.BoolVar(&p.command, "print-command", false, "only print the QEMU command that starts the guest by hand, a line for each guest")
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return p, 0, false
	case err != nil:
		return p, 2, false
	case flags.NArg() > 0:
		return p, p.fails(2, fmt.Errorf("unexpected argument %q; see --help", flags.Arg(0))), false
	}
	return p, 0, true
}

// change makes a guest what the command line asks for.
func (p *invocation) change(c *Config) {
	if p.accel != "" {
		c.Accel = p.accel
	}
	if p.timeout > 0 {
		c.TimeoutSeconds = p.timeout
	}
}

// fails says why, and returns the status.
func (p *invocation) fails(status int, why error) int {
	fmt.Fprintf(p.stderr, "%s: %v\n", p.name, why)
	return status
}

// outcome is what a run leaves.
type outcome interface {
	// Explain writes what a person needs who sees the test fail.
	Explain(io.Writer)
	// Save writes everything into a folder, and the JUnit report to a file.
	Save(dir, xmlFile string) error
	// Summary is the run in one line.
	Summary() string
}

// runAndReport says what is run, runs it in its surroundings until a signal ends it,
// and saves and prints what came of it. It returns the exit status.
func (p *invocation) runAndReport(what string, stdout io.Writer, run func(context.Context, Env) (r outcome, ok bool)) int {
	if p.out != "" {
		if err := os.MkdirAll(p.out, 0o755); err != nil {
			return p.fails(1, err)
		}
	}
	env := Env{Out: p.out, Show: stdout}
	if n, err := strconv.Atoi(os.Getenv("TEST_TIMEOUT")); err == nil && n > 0 {
		env.Limit = time.Duration(n) * time.Second
	}
	if d, err := os.UserCacheDir(); err == nil {
		env.CacheDir = filepath.Join(d, "tidelock")
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	fmt.Fprintf(stdout, "vmtest: %s\n", what)
	r, ok := run(ctx, env)
	status := 0
	if !ok {
		r.Explain(stdout)
		status = 1
	}
	if err := r.Save(p.out, p.xml); err != nil {
		status = p.fails(1, fmt.Errorf("the result could not be written: %w", err))
	}
	fmt.Fprintln(stdout, r.Summary())
	return status
}

// runfiles finds the folder that Bazel's paths are relative to: the one of the
// main repository in the test's runfiles.
func runfiles(program string) string {
	if dir, ws := os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"); dir != "" && ws != "" {
		return filepath.Join(dir, ws)
	}
	if dir := program + ".runfiles/_main"; exists(dir) {
		return dir
	}
	return "."
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
