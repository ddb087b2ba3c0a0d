// SPDX-License-Identifier: Apache-2.0

// Package sh is the shell of a guest: a POSIX shell with most of bash's language,
// from mvdan.cc/sh, with a line that can be edited at the prompt.
package sh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

const usage = `Usage: sh [-c COMMAND [NAME [ARGUMENT...]] | FILE [ARGUMENT...]]

Runs the command, the script or what comes from the standard input; at a terminal
it asks for one line after the other. The exit status is that of the last command,
2 for text that is no shell command, 127 for a script that cannot be opened.
`

// patience is how long a program may take that was told to stop, before it is killed.
const patience = 2 * time.Second

// Main is the program sh; args[0] is its own name. It returns the exit status.
func Main(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	args = args[1:]
	r, err := interp.New(
		interp.StdIO(stdin, stdout, stderr),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
			return interp.DefaultExecHandler(patience)
		}),
	)
	if err != nil {
		fmt.Fprintf(stderr, "sh: %v\n", err)
		return 1
	}
	switch {
	case len(args) > 0 && args[0] == "--help":
		fmt.Fprint(stdout, usage)
		return 0
	case len(args) > 0 && args[0] == "-c":
		if len(args) < 2 {
			fmt.Fprint(stderr, "sh: -c needs a command; see sh --help\n")
			return 2
		}
		return script(r, strings.NewReader(args[1]), "sh", args[min(3, len(args)):], stderr)
	case len(args) > 0 && strings.HasPrefix(args[0], "-"):
		fmt.Fprintf(stderr, "sh: unknown option %s; see sh --help\n", args[0])
		return 2
	case len(args) > 0:
		f, err := os.Open(args[0])
		if err != nil {
			fmt.Fprintf(stderr, "sh: %v\n", err)
			return 127
		}
		defer f.Close()
		return script(r, f, args[0], args[1:], stderr)
	case term.IsTerminal(int(stdin.Fd())):
		return interactive(r, newTerminal(stdin, stdout), stdout, stderr)
	}
	return script(r, stdin, "sh", nil, stderr)
}

// script runs a whole text.
func script(r *interp.Runner, text io.Reader, name string, params []string, stderr io.Writer) int {
	prog, err := syntax.NewParser().Parse(text, name)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if err := interp.Params(append([]string{"--"}, params...)...)(r); err != nil {
		fmt.Fprintf(stderr, "sh: %v\n", err)
		return 2
	}
	return status(r.Run(context.Background(), prog), stderr)
}

// status is the exit status that the end of a command stands for.
func status(err error, stderr io.Writer) int {
	if n, ok := errors.AsType[interp.ExitStatus](err); ok {
		return int(n)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return 128 + 2 // as after SIGINT
	}
	fmt.Fprintf(stderr, "sh: %v\n", err)
	return 1
}
