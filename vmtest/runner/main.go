// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
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

const usage = `Usage: vmrun [flags]

Boots the virtual machine of one test, runs the test's programs in it and judges
what happened. Under Bazel the configuration stands beside the program, and the
environment (TEST_TIMEOUT, XML_OUTPUT_FILE, TEST_UNDECLARED_OUTPUTS_DIR) says where
results go. Exit status: 0 the test has succeeded, 1 it has not, 2 wrong usage.

Flags:
`

// Main is the program vmrun; it returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("vmrun", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	file := flags.String("config", args[0]+".json", "configuration of the test")
	dir := flags.String("dir", runfiles(args[0]), "folder from which its relative paths are taken")
	out := flags.String("out", os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR"), "folder for console, kernel log and result.json")
	xmlFile := flags.String("xml", os.Getenv("XML_OUTPUT_FILE"), "file for the JUnit report")
	accel := flags.String("accel", "", "tcg, auto or kvm, instead of what the test says")
	timeout := flags.Int("timeout", 0, "time limit of the guest in seconds, instead of the test's")
	command := flags.Bool("print-command", false, "only print the QEMU command that repeats the test by hand")
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "vmrun: unexpected argument %q; see --help\n", flags.Arg(0))
		return 2
	}
	c, err := Load(*file, *dir)
	if err != nil {
		fmt.Fprintf(stderr, "vmrun: %v\n", err)
		return 2
	}
	if *accel != "" {
		c.Accel = *accel
	}
	if *timeout > 0 {
		c.TimeoutSeconds = *timeout
	}
	if err := c.check(); err != nil {
		fmt.Fprintf(stderr, "vmrun: %v\n", err)
		return 2
	}
	if *command {
		fmt.Fprintln(stdout, c.machine().Command())
		return 0
	}
	return runAndReport(c, *out, *xmlFile, stdout, stderr)
}

func runAndReport(c *Config, out, xmlFile string, stdout, stderr io.Writer) int {
	if c.Skip != "" {
		return skip(c, xmlFile, stdout, stderr)
	}
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			fmt.Fprintf(stderr, "vmrun: %v\n", err)
			return 1
		}
	}
	show := &lineEnd{w: stdout}
	env := Env{Out: out, Show: show}
	if n, err := strconv.Atoi(os.Getenv("TEST_TIMEOUT")); err == nil && n > 0 {
		env.Limit = time.Duration(n) * time.Second
	}
	if d, err := os.UserCacheDir(); err == nil {
		env.CacheDir = filepath.Join(d, "tidelock")
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	fmt.Fprintf(stdout, "vmtest: %s on %s, %d MiB, %d CPUs\n", c.Name, c.Kernel, c.MemoryMiB, c.CPUs)
	r := Run(ctx, c, env)
	show.end()
	status := 0
	if !r.OK {
		r.Explain(stdout)
		status = 1
	}
	if err := r.Save(out, xmlFile); err != nil {
		fmt.Fprintf(stderr, "vmrun: the result could not be written: %v\n", err)
		status = 1
	}
	fmt.Fprintln(stdout, r.Summary())
	return status
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
