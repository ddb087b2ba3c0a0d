// SPDX-License-Identifier: Apache-2.0

// Package proof shows that targets are built and tested by remote execution alone: a
// cluster is started, Bazel runs against it with an empty local cache, then once more with
// another one.
package proof

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/tidelock/tidelock/tools/buildbarn/cluster"
)

const usage = `Usage: tools/bazel run //tools/buildbarn:remote_proof -- [flags] [target ...]

Starts a remote execution service on this machine and builds and tests the targets with it
twice, each time from an empty local cache. In the first run every action has to be
executed by a worker, in whose root there is no compiler, no make and, but for tests, no
shell; in the second every one has to come from the remote cache. Prints what was counted
and how long it took. Exit status: 0 shown, 1 not, 2 wrong usage.

Without targets: those given by the target //tools/buildbarn:remote_proof.

Flags:
`

// Result is what the program reports.
type Result struct {
	Targets []string `json:"targets"`
	First   *Build   `json:"first"`
	Second  *Build   `json:"second"`
	Shown   bool     `json:"shown"`
}

// list is a flag that can be given several times.
type list []string

func (l *list) String() string { return "" }

// Set adds a value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

type settings struct {
	cluster *cluster.Flags
	targets []string
	bazel   list
	json    *bool
	work    *string
}

// Main is the program remote_proof; it returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("remote_proof", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(stderr, usage)
		set.PrintDefaults()
	}
	var s settings
	var targets list
	s.cluster = cluster.AddFlags(set, 0)
	set.Var(&targets, "target", "`label` to build or test when none is named; may be repeated")
	set.Var(&s.bazel, "bazel-flag", "further `flag` for Bazel; may be repeated")
	s.json = set.Bool("json", false, "print the result as JSON")
	s.work = set.String("work", os.Getenv("BUILD_WORKSPACE_DIRECTORY"), "the `workspace`; tools/bazel run sets it")
	switch err := set.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	}
	s.targets = set.Args()
	if len(s.targets) == 0 {
		s.targets = targets
	}
	switch {
	case len(s.targets) == 0:
		fmt.Fprintln(stderr, "remote_proof: no targets; see --help")
		return 2
	case *s.work == "":
		fmt.Fprintln(stderr, "remote_proof: no workspace: start it as tools/bazel run //tools/buildbarn:remote_proof, or give --work")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	result, err := prove(ctx, &s, stderr)
	if result != nil {
		if *s.json {
			print := json.NewEncoder(stdout)
			print.SetIndent("", "  ")
			print.Encode(result)
		} else {
			result.write(stdout)
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "remote_proof: %v\n", err)
		return 1
	}
	return 0
}

func prove(ctx context.Context, s *settings, stderr io.Writer) (*Result, error) {
	options, cleanup, err := s.cluster.Options()
	if err != nil {
		return nil, err
	}
	defer cleanup()
	dir, err := cluster.TempDir("tidelock-proof-")
	if err != nil {
		return nil, err
	}
	defer removeAll(dir)
	starting, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not ready after a minute"))
	defer cancel()
	c, err := cluster.Start(starting, options)
	if err != nil {
		return nil, err
	}
	defer c.Stop()
	b := &bazel{
		workspace: *s.work,
		dir:       dir,
		cluster:   c.BazelFlags(),
		flags:     s.bazel,
		targets:   s.targets,
		log:       stderr,
	}
	// A build whose server has died would wait for it for a long time.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() {
		if err := c.Wait(ctx); err != nil {
			fail(err)
		}
	}()
	result := &Result{Targets: s.targets}
	fmt.Fprintf(stderr, "remote_proof: first build, everything is to be executed by %s\n", c.Executor())
	if result.First, err = b.build(ctx, "first"); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	fmt.Fprintln(stderr, "remote_proof: second build, everything is to come from its cache")
	if result.Second, err = b.build(ctx, "second"); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	err = judge(&result.First.Count, &result.Second.Count)
	result.Shown = err == nil
	return result, err
}

func (r *Result) write(w io.Writer) {
	fmt.Fprintf(w, "%-8s %8s %12s %10s %9s\n", "build", "remote", "cache hits", "elsewhere", "seconds")
	for _, line := range []struct {
		name  string
		build *Build
	}{{"first", r.First}, {"second", r.Second}} {
		fmt.Fprintf(w, "%-8s %8d %12d %10d %9.0f\n", line.name, line.build.Remote, line.build.CacheHits, len(line.build.Elsewhere), line.build.Seconds)
	}
	fmt.Fprint(w, "actions of the first build:")
	for _, mnemonic := range slices.Sorted(maps.Keys(r.First.Mnemonics)) {
		fmt.Fprintf(w, " %s %d", mnemonic, r.First.Mnemonics[mnemonic])
	}
	fmt.Fprintln(w)
}

func removeAll(dir string) error { return cluster.RemoveAll(dir) }
