// SPDX-License-Identifier: Apache-2.0

package sh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// errInterrupted is what a line reader returns for Ctrl-C.
var errInterrupted = errors.New("interrupted")

// lineReader asks for one line. The error is io.EOF at the end, and
// errInterrupted where the person gave the line up.
type lineReader interface {
	ReadLine(prompt string) (string, error)
}

// interactive runs one line after the other until the end of the input or `exit`,
// and returns the exit status of the last command.
func interactive(r *interp.Runner, in lineReader, stdout, stderr io.Writer) int {
	// Notify and not Ignore: what is ignored stays ignored in every program started.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	last := 0
	pending := ""
	for {
		prompt := prompt(r)
		if pending != "" {
			prompt = "> "
		}
		line, err := in.ReadLine(prompt)
		switch {
		case errors.Is(err, errInterrupted):
			fmt.Fprintln(stdout, "^C")
			pending, last = "", 128+2
			setStatus(r, last)
			continue
		case err != nil:
			if !errors.Is(err, io.EOF) {
				fmt.Fprintf(stderr, "sh: %v\n", err)
			}
			return last
		}
		text := pending + line + "\n"
		prog, err := syntax.NewParser().Parse(strings.NewReader(text), "")
		if syntax.IsIncomplete(err) {
			pending = text
			continue
		}
		pending = ""
		if err != nil {
			fmt.Fprintf(stderr, "sh: %v\n", err)
			last = 2
			continue
		}
		for _, stmt := range prog.Stmts {
			var interrupted bool
			last, interrupted = interruptible(r, stmt, interrupts, stderr)
			if interrupted || last == 128+2 { // the program may have ended before the shell knew
				fmt.Fprintln(stdout)
				setStatus(r, last)
				break // the rest of the line was given up too
			}
			if r.Exited() {
				return last
			}
		}
	}
}

// interruptible runs one statement, which Ctrl-C ends. Programs in the foreground
// get the signal from the terminal themselves; the shell ends its own loops.
func interruptible(r *interp.Runner, stmt *syntax.Stmt, interrupts <-chan os.Signal, stderr io.Writer) (last int, interrupted bool) {
	select {
	case <-interrupts: // from before
	default:
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-interrupts:
			cancel()
		case <-ended:
		}
	}()
	err := r.Run(ctx, stmt)
	close(ended)
	<-watched
	interrupted = ctx.Err() != nil
	cancel()
	if interrupted {
		return 128 + 2, true
	}
	return status(err, stderr), false
}

// setStatus makes $? what it is in other shells.
func setStatus(r *interp.Runner, n int) {
	prog, err := syntax.NewParser().Parse(strings.NewReader(fmt.Sprintf("(exit %d)", n)), "")
	if err == nil {
		r.Run(context.Background(), prog.Stmts[0])
	}
}

// prompt says where one is: "guest:/tmp# ".
func prompt(r *interp.Runner) string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	mark := "$"
	if os.Geteuid() == 0 {
		mark = "#"
	}
	return fmt.Sprintf("%s:%s%s ", host, r.Dir, mark)
}
