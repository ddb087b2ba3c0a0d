// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of format.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/tools/format/source"
)

const usage = `usage: tools/bazel run //:format -- [flags] [file ...]

Formats Go (gofmt), Starlark (buildifier) and C (clang-format): the files that
are named, below the top of the tree, or all. With --check nothing is written,
and a file that is not in its form makes the exit code 1.

`

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("format", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	check := flags.Bool("check", false, "only say which files are not in their form")
	clang := flags.String("clang-format", "", "the clang-format `program`; without it C is left alone")
	root := flags.String("root", os.Getenv("BUILD_WORKSPACE_DIRECTORY"), "the top of the tree; `bazel run` sets it")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *root == "" {
		fmt.Fprintln(stderr, "format: --root is missing: run it as `tools/bazel run //:format`, or name the top of the tree")
		return 2
	}
	f := source.Formatter{Root: *root}
	if *clang != "" {
		program, err := filepath.Abs(*clang)
		if err == nil {
			_, err = os.Stat(program)
		}
		if err != nil {
			fmt.Fprintf(stderr, "format: --clang-format: %v\n", err)
			return 2
		}
		f.ClangFormat = program
	}
	names := flags.Args()
	if len(names) == 0 {
		var err error
		if names, err = source.List(*root); err != nil {
			fmt.Fprintf(stderr, "format: %v\n", err)
			return 1
		}
	}
	return report(source.Run(f, names, !*check), *check, stdout, stderr)
}

func report(results []source.Result, check bool, stdout, stderr io.Writer) int {
	code := 0
	changed := 0
	for _, r := range results {
		if r.Err != nil {
			fmt.Fprintf(stderr, "format: %v\n", r.Err)
			code = 1
		} else {
			fmt.Fprintln(stdout, r.Name)
			changed++
		}
	}
	if check && changed > 0 {
		fmt.Fprintf(stderr, "format: %d files are not in their form; `tools/bazel run //:format` mends them\n", changed)
		code = 1
	}
	return code
}
