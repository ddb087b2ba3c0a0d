// SPDX-License-Identifier: Apache-2.0

// Package boot puts a Bazel together in a folder of its own.
package boot

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const usage = `usage: bazelboot [flags]

Puts Bazel, its Java libraries and a Java into the folder --prefix: from the
packages that packages.lock.json names, or with --resolve=newest from the newest
ones of the machine's Debian mirrors. A folder that is complete is left alone.
With --write-lock nothing is installed; the newest packages are locked instead.

`

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bazelboot", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var o Options
	var lock string
	flags.StringVar(&o.Prefix, "prefix", "", "the `folder` to make; it can't be moved afterwards")
	flags.StringVar(&o.Source, "source", "", "the `folder` of this program's sources, with its locks and stand-ins")
	flags.StringVar(&o.Version, "version", "", "the Bazel `version` that the tree wants, for messages and --resolve")
	flags.StringVar(&o.Resolve, "resolve", Locked, "`which` packages: locked or newest")
	flags.StringVar(&lock, "write-lock", "", "write the newest packages to this `file`, with --snapshot's time, and stop")
	flags.StringVar(&o.Snapshot, "snapshot", "", "the `time` at which snapshot.debian.org has them, as 20261120T000000Z")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := o.check(lock, flags.Args()); err != nil {
		fmt.Fprintf(stderr, "bazelboot: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := newLog(stderr)
	o.Log = log.printf
	err := run(ctx, o, lock, log)
	if err != nil {
		fmt.Fprintf(stderr, "bazelboot: %v\n", explain(err, filepath.Dir(o.Prefix)))
		return 1
	}
	return 0
}

func run(ctx context.Context, o Options, lock string, log *logger) error {
	if lock != "" {
		return writeLock(o, lock)
	}
	return Assemble(ctx, o, log)
}

func (o Options) check(lock string, rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.Version == "":
		return errors.New("--version is missing")
	case o.Resolve != Locked && o.Resolve != Newest:
		return fmt.Errorf("--resolve=%s: it can be %s or %s", o.Resolve, Locked, Newest)
	case lock != "":
		return nil
	case o.Source == "":
		return errors.New("--source is missing")
	case !filepath.IsAbs(o.Prefix):
		return errors.New("--prefix has to be an absolute path")
	case strings.ContainsAny(o.Prefix, " \t\n\"'\\$`:*?["):
		return fmt.Errorf("the folder %q has a character in its name that Bazel's or Java's settings can't hold: set XDG_CACHE_HOME to another one", o.Prefix)
	}
	return nil
}

// explain adds what to do to errors that come from anywhere.
func explain(err error, dir string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("no space left below %s: a Bazel takes %d MB there and its packages %d MB in the cache; free some, or set XDG_CACHE_HOME to a larger file system (%w)",
			dir, prefixBytes>>20, packageBytes>>20, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w; set XDG_CACHE_HOME to a folder that you can write", err)
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted; the next start takes up what is downloaded")
	}
	return err
}
