// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of matrix-gen: flags, files, messages and
// exit codes around the packages that do the work.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes. diff has its own, like diff(1).
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// env is what a verb works with.
type env struct {
	stdout, stderr io.Writer
	quiet          bool
}

// logf writes one line of the log, unless the user wants none.
func (e *env) logf(format string, args ...any) {
	if !e.quiet {
		fmt.Fprintf(e.stderr, format+"\n", args...)
	}
}

// verb is one subcommand.
type verb struct {
	name, summary string
	run           func(ctx context.Context, e *env, args []string) error
}

func verbs() []verb {
	return []verb{
		{"crawl", "list the kernels of Debian's archives, from the signed indexes of the mirrors", runCrawl},
		{"generate", "print the build matrix of the kernels that crawls list", runGenerate},
		{"diff", "show what was added, changed and removed between two matrices, locks or crawls", runDiff},
		{"lock", "pin the kernels of crawls, with their packages and facts, in a lock file", runLock},
	}
}

// exitError ends the program with a code of its own and no further message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// Main runs the program and returns its exit code: 0 for success, 1 for a
// failure, 2 for a mistake on the command line.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := &env{stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 {
			return Main([]string{args[1], "--help"}, stdout, stderr)
		}
		usage(stdout)
		return exitOK
	}
	for _, v := range verbs() {
		if v.name == name {
			return e.finish(name, v.run(ctx, e, args[1:]))
		}
	}
	fmt.Fprintf(stderr, "matrix-gen: there is no verb %q; \"matrix-gen help\" lists them\n", name)
	return exitUsage
}

// finish turns the outcome of a verb into a message and an exit code.
func (e *env) finish(verb string, err error) int {
	var (
		code  exitError
		wrong *usageError
	)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &wrong):
		fmt.Fprintf(e.stderr, "matrix-gen %s: %v\n", verb, err)
		fmt.Fprintf(e.stderr, "\"matrix-gen %s --help\" shows how it is used\n", verb)
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(e.stderr, "matrix-gen %s: interrupted; nothing was changed\n", verb)
	default:
		fmt.Fprintf(e.stderr, "matrix-gen %s: %v\n", verb, err)
	}
	if verb == "diff" {
		return exitTrouble
	}
	return exitFailure
}

func usage(w io.Writer) {
	fmt.Fprint(w, "matrix-gen makes build matrices and kernel locks out of crawls of Linux distributions.\n\n"+
		"usage: matrix-gen VERB [FLAGS]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-10s %s\n", v.name, v.summary)
	}
	fmt.Fprint(w, "\n\"matrix-gen VERB --help\" describes a verb. Exit codes: 0 success, 1 failure, 2 wrong usage\n"+
		"(diff: 0 same, 1 different, 2 trouble).\n")
}

// newFlags makes a flag set whose help is the given text plus the flags.
func (e *env) newFlags(name, text string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // mistakes are told once, by finish
	fs.BoolVar(&e.quiet, "quiet", false, "say nothing but errors")
	fs.Usage = func() {
		fmt.Fprintf(e.stdout, "%s\nFlags:\n", text)
		fs.SetOutput(e.stdout)
		fs.PrintDefaults()
		fs.SetOutput(io.Discard)
	}
	return fs
}

// parse parses flags, which may also stand after and between other arguments,
// and returns those others.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	// The flag package calls Usage on errors too; the help is for --help only.
	help := fs.Usage
	fs.Usage = func() {}
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				help()
				return nil, err
			}
			return nil, usagef("%v", err)
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		// Parse stops at the first argument, or behind "--".
		consumed := len(args) - fs.NArg()
		if consumed > 0 && args[consumed-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
