// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const usage = `Usage: tools/bazel run //tools/buildbarn:cluster -- [flags]

Runs a remote execution service (Buildbarn: storage, scheduler, worker, runners) on this
machine until SIGINT or SIGTERM. When it is ready, it prints the flags with which Bazel
uses it. Actions are executed in a root that holds the runner and nothing else, without a
network; tests see bash and coreutils of a pinned tool root besides, for Bazel's own
test-setup.sh. Exit status: 0 stopped by a signal, 1 failed, 2 wrong usage.

Flags:
`

// Flags are the settings that the programs built on a cluster have in common.
type Flags struct {
	servers, shell, dir *string
	port, jobs, cas     *int
	logFile             *string
	tls                 *bool
}

// AddFlags declares them.
func AddFlags(flags *flag.FlagSet, port int) *Flags {
	return &Flags{
		servers: flags.String("servers", "", "folder with the Buildbarn `programs`; given by the target"),
		shell:   flags.String("shell", "", "tool `root` with bash and coreutils, for tests; given by the target; empty: no tests"),
		dir:     flags.String("dir", "", "`folder` for everything the cluster writes, left there in the end; default: a new one below TMPDIR, or /var/tmp, deleted in the end"),
		port:    flags.Int("port", port, "port on 127.0.0.1 where clients connect; 0 for any free one"),
		jobs:    flags.Int("jobs", runtime.NumCPU(), "actions executed at a time; as many tests besides"),
		cas:     flags.Int("cache-gib", 8, "size of the file that caches inputs and outputs, in `GiB`; it grows as it is used"),
		tls:     flags.Bool("tls", false, "clients connect by TLS (grpcs://), as to a hosted service, with a certificate made for this run"),
		logFile: flags.String("log", "", "`file` for what the servers say; default: cluster.log in the folder"),
	}
}

// Options makes the folder and opens the log. The function that it returns undoes that.
func (f *Flags) Options() (Options, func(), error) {
	o := Options{
		Servers:  *f.servers,
		Shell:    *f.shell,
		Dir:      *f.dir,
		Address:  "127.0.0.1:" + strconv.Itoa(*f.port),
		TLS:      *f.tls,
		Jobs:     *f.jobs,
		CASBytes: int64(*f.cas) << 30,
	}
	cleanup := func() {}
	if o.Dir == "" {
		dir, err := TempDir("tidelock-cluster-")
		if err != nil {
			return o, nil, err
		}
		o.Dir = dir
		cleanup = func() { RemoveAll(dir) }
	} else if err := emptyDir(o.Dir); err != nil {
		return o, nil, err
	}
	name := *f.logFile
	if name == "" {
		name = filepath.Join(o.Dir, "cluster.log")
	}
	log, err := os.Create(name)
	if err != nil {
		cleanup()
		return o, nil, err
	}
	o.Log = log
	return o, func() { log.Close(); cleanup() }, nil
}

// TempDir makes a folder for much data: /tmp may be in memory, and is where actions have
// theirs.
func TempDir(prefix string) (string, error) {
	base := os.Getenv("TMPDIR")
	if base == "" {
		base = "/var/tmp"
	}
	return os.MkdirTemp(base, prefix)
}

// RemoveAll deletes a folder in which actions and Bazel have left read-only folders.
func RemoveAll(dir string) error {
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			os.Chmod(path, 0o755)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// emptyDir makes a folder for the cluster, or empties that of an earlier one.
func emptyDir(dir string) error {
	const mark = "config/storage.jsonnet"
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return os.MkdirAll(dir, 0o755)
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, mark)); err != nil {
		return fmt.Errorf("the folder %s is not empty and not that of an earlier cluster; choose another one with --dir", dir)
	}
	for _, entry := range entries {
		if err := RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Main is the program cluster; it returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("cluster", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(stderr, usage)
		set.PrintDefaults()
	}
	flags := AddFlags(set, 8980)
	switch err := set.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case set.NArg() > 0:
		fmt.Fprintf(stderr, "cluster: unexpected argument %q; see --help\n", set.Arg(0))
		return 2
	case *flags.servers == "":
		fmt.Fprintln(stderr, "cluster: --servers is needed; tools/bazel run //tools/buildbarn:cluster gives it")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, flags, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "cluster: %v\n", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, flags *Flags, stdout, stderr io.Writer) error {
	options, cleanup, err := flags.Options()
	if err != nil {
		return err
	}
	defer cleanup()
	fmt.Fprintf(stderr, "cluster: starting in %s\n", options.Dir)
	starting, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not ready after a minute"))
	defer cancel()
	c, err := Start(starting, options)
	if err != nil {
		if ctx.Err() != nil {
			return nil // stopped while starting, as asked
		}
		return fmt.Errorf("%w\n%s", err, tail(options.Log))
	}
	defer c.Stop()
	fmt.Fprintf(stdout, "ready: use it with\n  tools/bazel build %s //...\n", strings.Join(c.BazelFlags(), " "))
	if err := c.Wait(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(options.Log))
	}
	fmt.Fprintln(stderr, "cluster: stopping")
	return nil
}

// tail returns the end of the servers' log, which says why one has failed.
func tail(log io.Writer) string {
	file, ok := log.(*os.File)
	if !ok {
		return ""
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-2000):])
}
