// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of coverage: it has Bazel run tests with a driver
// that counts, and joins what they leave.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/tools/workspace"
	"github.com/tidelock/tidelock/vmtest/coverage"
)

const usage = `Usage: tools/bazel run //vmtest:coverage -- [flags] [-- flag of bazel test ...]

Runs the tests that load the driver under a debug kernel, with a driver that counts,
and says which lines, functions and branches of kmod/ they have run. Progress is on
stderr. Exit status: 0 done, 1 a test failed, no counts or too few of them, 2 wrong
usage.

Flags:
`

// options are what the command line asks for.
type options struct {
	tests   string  // patterns of targets, with commas
	out     string  // folder for the reports, or empty
	under   float64 // least percentage of lines
	json    bool
	nightly bool
	dry     bool
	collect string   // folder of earlier results, instead of a run
	flags   []string // of bazel test
}

// Main runs the command line and returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	o := &options{}
	flags := flag.NewFlagSet("coverage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.tests, "tests", "//vmtest/tests/...", "`patterns` of tests, with commas; those that load no driver that counts are left out")
	flags.StringVar(&o.out, "out", "", "`folder` for coverage.info (LCOV), summary.txt, summary.json and summary.md")
	flags.Float64Var(&o.under, "fail-under", 0, "exit status 1 where fewer than this `percentage` of lines ran")
	flags.BoolVar(&o.json, "json", false, "print the summary as JSON, not as text")
	flags.BoolVar(&o.nightly, "nightly", false, "also the tests with the tag nightly")
	flags.BoolVar(&o.dry, "dry-run", false, "only print the commands that would run Bazel")
	flags.StringVar(&o.collect, "collect", "", "run nothing, join the reports below this `folder`, such as bazel-testlogs")
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	o.flags = flags.Args()
	if err := o.check(); err != nil {
		fmt.Fprintf(stderr, "coverage: %v; see --help\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	if err := run(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "coverage: %v\n", err)
		return 1
	}
	return 0
}

func (o *options) check() error {
	for _, p := range o.patterns() {
		// A pattern goes into a query: no word of its language may come with it.
		if p == "" || strings.ContainsAny(p, " \t\n\"'()+") || p[0] == '-' {
			return fmt.Errorf("--tests: %q is not a pattern of targets", p)
		}
	}
	for _, f := range o.flags {
		if f == "" || f[0] != '-' {
			return fmt.Errorf("unexpected argument %q: tests are named by --tests", f)
		}
	}
	if math.IsNaN(o.under) || o.under < 0 || o.under > 100 {
		return fmt.Errorf("--fail-under: %v is no percentage", o.under)
	}
	if o.collect != "" && (o.dry || len(o.flags) > 0 || o.nightly) {
		return fmt.Errorf("--collect runs nothing: it goes neither with --dry-run, nor with --nightly, nor with flags of bazel test")
	}
	return nil
}

func (o *options) patterns() []string { return strings.Split(o.tests, ",") }

func run(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	if err := workspace.EnterCaller(); err != nil {
		return err
	}
	for _, dir := range []*string{&o.out, &o.collect} {
		if *dir != "" {
			path, err := filepath.Abs(*dir)
			if err != nil {
				return err
			}
			*dir = path
		}
	}
	var files []string
	var failed error
	var err error
	if o.collect != "" {
		files, err = below(o.collect)
	} else {
		files, failed, err = (&bazel{o, stdout, stderr}).test(ctx)
	}
	if err != nil || o.dry {
		return err
	}
	if len(files) == 0 {
		return errors.Join(failed, fmt.Errorf("no test has left counts: does its kernel have CONFIG_GCOV_KERNEL, and GCOV_KERNEL among its facts?"))
	}
	report := &coverage.Report{}
	for _, file := range files {
		one, err := read(file)
		if err != nil {
			return err
		}
		report.Add(one)
	}
	s := report.Summary(len(files))
	if err := write(o, report, s, stdout); err != nil {
		return err
	}
	if total := s.Total.Lines; float64(total.Covered)*100 < o.under*float64(total.Total) || total.Total == 0 {
		failed = errors.Join(failed, fmt.Errorf("%s of lines ran, --fail-under asks for %v%%", total, o.under))
	}
	return failed
}

func read(file string) (*coverage.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := coverage.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// write prints the summary, and writes everything to the folder where there is one.
func write(o *options, r *coverage.Report, s *coverage.Summary, stdout io.Writer) error {
	show := s.Text
	if o.json {
		show = s.JSON
	}
	if err := show(stdout); err != nil || o.out == "" {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	for name, put := range map[string]func(io.Writer) error{
		"coverage.info": r.LCOV, "summary.txt": s.Text, "summary.json": s.JSON, "summary.md": s.Markdown,
	} {
		if err := writeFile(filepath.Join(o.out, name), put); err != nil {
			return err
		}
	}
	return nil
}

// writeFile gives the file its name when it is complete.
func writeFile(name string, put func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".coverage")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(put(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
