// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of deb-lock.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
	"github.com/tidelock/tidelock/toolchains/debian/archive/index"
	"github.com/tidelock/tidelock/toolchains/debian/archive/lockfile"
	"github.com/tidelock/tidelock/tools/deb-lock/check"
	"github.com/tidelock/tidelock/tools/deb-lock/resolve"
	"github.com/tidelock/tidelock/tools/deb-lock/roots"
	"github.com/tidelock/tidelock/tools/workspace"
)

const help = `deb-lock pins the Debian packages that the tool roots are made of.

usage: deb-lock --update | --dry-run | --check [flags]

  --update   resolve roots.json with the indexes of this machine's Debian
             mirrors and write packages.lock.json; a root with a suite that no
             mirror has any more stays as it was
  --dry-run  the same, but show only what would change
  --check    see without the network whether packages.lock.json is well formed
             and belongs to roots.json

Exit status: 0 all well, 1 failed (--check: the lock does not fit), 2 wrong usage.

flags:
`

// Run runs deb-lock and returns its exit status.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fl := flag.NewFlagSet("deb-lock", flag.ContinueOnError)
	fl.SetOutput(io.Discard)
	update := fl.Bool("update", false, "write the lock")
	dryRun := fl.Bool("dry-run", false, "show what --update would change")
	checkOnly := fl.Bool("check", false, "compare the lock with roots.json, offline")
	rootsFile := fl.String("roots", "", "`file` that says what each root wants (default: toolchains/debian/roots.json of this repository)")
	lockFile := fl.String("lock", "", "the lock `file` (default: packages.lock.json beside the roots file)")
	keyring := fl.String("keyring", index.DefaultKeyring, "`file` with the keys that sign the archive")
	usage := func(w io.Writer) {
		io.WriteString(w, help)
		fl.SetOutput(w)
		fl.PrintDefaults()
	}
	if err := fl.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			usage(stdout)
			return 0
		}
		fmt.Fprintf(stderr, "deb-lock: %v; see deb-lock --help\n", err)
		return 2
	}
	modes := 0
	for _, m := range []bool{*update, *dryRun, *checkOnly} {
		if m {
			modes++
		}
	}
	if modes != 1 || fl.NArg() > 0 {
		fmt.Fprintln(stderr, "deb-lock: give exactly one of --update, --dry-run and --check, and no arguments; see deb-lock --help")
		return 2
	}
	if *rootsFile == "" {
		top, err := workspace.Top()
		if err != nil {
			fmt.Fprintf(stderr, "deb-lock: %v, or give --roots\n", err)
			return 2
		}
		*rootsFile = filepath.Join(top, "toolchains", "debian", "roots.json")
	}
	if *lockFile == "" {
		*lockFile = filepath.Join(filepath.Dir(*rootsFile), "packages.lock.json")
	}
	var err error
	if *checkOnly {
		err = runCheck(*rootsFile, *lockFile, stdout)
	} else {
		err = runUpdate(ctx, *rootsFile, *lockFile, *keyring, *dryRun, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "deb-lock: %v\n", err)
		return 1
	}
	return 0
}

func runCheck(rootsFile, lockFile string, stdout io.Writer) error {
	f, err := roots.Read(rootsFile)
	if err != nil {
		return err
	}
	l, err := lockfile.Read(lockFile)
	if err != nil {
		return fmt.Errorf("%w; run deb-lock --update", err)
	}
	if err := check.Fits(f, l); err != nil {
		return fmt.Errorf("%s does not fit %s: %w; run deb-lock --update", lockFile, rootsFile, err)
	}
	summarize(l, stdout)
	return nil
}

func runUpdate(ctx context.Context, rootsFile, lockFile, keyring string, dry bool, stdout, stderr io.Writer) error {
	f, err := roots.Read(rootsFile)
	if err != nil {
		return err
	}
	old, err := lockfile.Read(lockFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(stderr, "deb-lock: the present lock cannot be read and is made anew: %v\n", err)
		old = nil
	}
	keys, err := index.LoadKeyring(keyring)
	if err != nil {
		return err
	}
	fetcher, err := fetch.New(fetch.Options{})
	if err != nil {
		return err
	}
	l, err := resolve.Resolve(ctx, &index.Client{Fetcher: fetcher, Keyring: keys}, f, old, stderr)
	if err != nil {
		return err
	}
	if err := check.Fits(f, l); err != nil {
		return fmt.Errorf("the result does not fit its own roots: %w", err)
	}
	for _, c := range lockfile.Diff(old, l) {
		fmt.Fprintf(stdout, "%s: %s\n", c.Root, c.Text)
	}
	summarize(l, stdout)
	if dry {
		return nil
	}
	if err := l.Write(lockFile); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "wrote %s\n", lockFile)
	return nil
}

// summarize shows the size of each root.
func summarize(l *lockfile.File, w io.Writer) {
	var all int64
	for _, p := range l.Packages {
		all += p.Size
	}
	for _, n := range slices.Sorted(maps.Keys(l.Roots)) {
		var size int64
		for _, k := range l.Roots[n] {
			size += l.Packages[k].Size
		}
		fmt.Fprintf(w, "%-24s %4d packages %7.1f MB\n", n, len(l.Roots[n]), float64(size)/1e6)
	}
	fmt.Fprintf(w, "%-24s %4d packages %7.1f MB\n", "all, each once", len(l.Packages), float64(all)/1e6)
}
