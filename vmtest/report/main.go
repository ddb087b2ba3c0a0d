// SPDX-License-Identifier: Apache-2.0

// Package report makes a page of what VM tests have left in bazel-testlogs: which
// test came to which end under which kernel. Everything in the logs is treated
// as text of strangers, and nothing that is there is passed over in silence.
package report

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/tools/workspace"
)

const usage = `Usage: tools/bazel run //vmtest:report -- [flags]

Makes matrix.html, matrix.md and matrix.json of the results of VM tests: a table of
tests and kernels, what failed, and how long it took. It reads what
"tools/bazel test //vmtest/..." has left behind, and runs nothing.

Exit status: 0 the report was made; 1 it was not, or with --check: something in it
failed, could not be read, or there is no result at all; 2 wrong usage.

Flags:
`

// logsLink is Bazel's link to the logs of the last tests.
const logsLink = "bazel-testlogs"

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return fmt.Sprint([]string(*l)) }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// Main is the program report; args[0] is its own name. It returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var roots list
	flags.Var(&roots, "testlogs", "`folder` with logs of tests; may be given several times: of each test the newest result counts (default: "+logsLink+" of the tree)")
	out := flags.String("out", "vmtest-report", "`folder` for the report")
	asJSON := flags.Bool("json", false, "print matrix.json too; the line with the totals goes to stderr")
	check := flags.Bool("check", false, "exit 1 when something in the report failed")
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "report: unexpected argument %q; see --help\n", flags.Arg(0))
		return 2
	case *out == "":
		fmt.Fprintln(stderr, "report: --out is empty: name a folder")
		return 2
	}
	if err := workspace.EnterCaller(); err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return 1
	}
	m, err := build(roots, *out)
	if err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return 1
	}
	for _, w := range m.Warnings {
		fmt.Fprintf(stderr, "report: %s\n", w)
	}
	if m.Totals.All == 0 {
		fmt.Fprintln(stderr, "report: no VM test has left a result there; run one: tools/bazel test //vmtest/tests/load/...")
	}
	summary := stdout
	if *asJSON {
		summary = stderr
		text, err := m.JSON()
		if err == nil {
			_, err = stdout.Write(text)
		}
		if err != nil {
			fmt.Fprintf(stderr, "report: %v\n", err)
			return 1
		}
	}
	fmt.Fprintf(summary, "%s: %s\n", m.Summary(), filepath.Join(*out, htmlFile))
	if *check && !m.Healthy() {
		return 1
	}
	return 0
}

func build(roots []string, out string) (*Matrix, error) {
	if len(roots) == 0 {
		top, err := workspace.Top()
		if err != nil {
			return nil, err
		}
		logs := filepath.Join(top, logsLink)
		if _, err := os.Stat(logs); err != nil {
			return nil, fmt.Errorf("%w; run tools/bazel test //vmtest/... first, or name a folder by --testlogs", err)
		}
		roots = []string{logs}
	}
	m, err := Collect(roots)
	if err != nil {
		return nil, err
	}
	return m, m.Write(out)
}
