// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// bazel builds and tests the targets with an output base that is new and deleted
// afterwards, and says how the actions were executed.
type bazel struct {
	workspace string
	dir       string   // for output bases and logs
	cluster   []string // flags that have it use the cluster
	flags     []string // the caller's
	targets   []string
	log       io.Writer
}

// Build is one run of Bazel.
type Build struct {
	Count
	Seconds float64 `json:"seconds"`
}

func (b *bazel) build(ctx context.Context, name string) (*Build, error) {
	base := filepath.Join(b.dir, name)
	entries := filepath.Join(b.dir, name+".exec.json")
	// A folder with read-only files in it, and a server that holds it.
	defer func() {
		b.run(context.Background(), base, "shutdown")
		removeAll(base)
		os.Remove(entries)
	}()
	args := append([]string{"test"}, b.cluster...)
	args = append(args,
		"--disk_cache=",
		"--execution_log_json_file="+entries,
		"--color=no",
		"--curses=no",
		"--show_progress_rate_limit=15",
		// Targets that are no tests are only built.
		"--build_tests_only=false",
	)
	args = append(args, b.flags...)
	args = append(args, "--")
	args = append(args, b.targets...)
	start := time.Now()
	err := b.run(ctx, base, args...)
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == noTests && ctx.Err() == nil {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s build: Bazel failed, its own words are above: %w", name, err)
	}
	build := &Build{Seconds: time.Since(start).Seconds()}
	file, err := os.Open(entries)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	count, err := readLog(file)
	if err != nil {
		return nil, fmt.Errorf("%s build: %w", name, err)
	}
	build.Count = *count
	return build, nil
}

// noTests is Bazel's exit status when all is built and none of it is a test.
const noTests = 4

// run runs the tree's own launcher. The environment is the caller's: the launcher finds
// Bazel, and repositories their mirrors, through it.
func (b *bazel) run(ctx context.Context, base string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(b.workspace, "tools/bazel"), append([]string{"--output_base=" + base}, args...)...)
	cmd.Dir = b.workspace
	cmd.Stdout = b.log
	cmd.Stderr = b.log
	// Bazel ends its build in order when it is interrupted, once.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = time.Minute
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Run()
}
