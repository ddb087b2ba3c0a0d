// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/tools/test-summary/bep"
	"github.com/tidelock/tidelock/tools/workspace"
)

// report is where a test leaves its report, below the folder of its results.
const report = "test.outputs/coverage/coverage.info"

// bazel runs Bazel in the tree.
type bazel struct {
	*options
	stdout, stderr io.Writer
}

// countingModules is a pattern for the driver of the kernels that can take counts:
// the kinds of //vmtest/kernels/debug that have GCOV_KERNEL among their facts.
const countingModules = "//vmtest/kernels/debug:tidelock/[^ ]*-kasan"

// manual is a pattern for a list of tags as Bazel compares it: [cpu:2, manual, vm]
const manual = `[\[ ]manual[,\]]`

// query finds the tests that load the driver under kernels that can take counts. A
// test of several guests has the modules of them all; a role of it is a target of its
// own that cannot run, and has the tag manual as what //... leaves out has.
func (b *bazel) query() []string {
	var sets []string
	for _, p := range b.patterns() {
		sets = append(sets, `tests("`+p+`")`)
	}
	return []string{
		"query", "--noshow_progress", "--output=label",
		"let all = " + strings.Join(sets, " + ") + ` in attr("modules", "` + countingModules + `", $all) except attr("tags", "` + manual + `", $all)`,
	}
}

// run is the command that tests; its events go to a file.
func (b *bazel) run(events string, tests []string) []string {
	args := []string{
		"test", "--//toolchains/kernel:coverage", "--keep_going",
		"--nozip_undeclared_test_outputs", "--build_event_json_file=" + events,
	}
	if b.nightly {
		args = append(args, "--build_tag_filters=", "--test_tag_filters=")
	}
	args = append(args, b.flags...)
	return append(append(args, "--"), tests...)
}

// test runs the tests and returns the reports that they left. The second result says
// which tests failed; their reports count all the same.
func (b *bazel) test(ctx context.Context) (files []string, failed, err error) {
	top, err := workspace.Top()
	if err != nil {
		return nil, nil, err
	}
	if b.dry {
		fmt.Fprintf(b.stdout, "tools/bazel %s\ntools/bazel %s\n", quoted(b.query()), quoted(b.run("EVENTS.json", []string{"TESTS"})))
		return nil, nil, nil
	}
	list, err := b.output(ctx, top, b.query()...)
	if err != nil {
		return nil, nil, err
	}
	tests := strings.Fields(list)
	if len(tests) == 0 {
		return nil, nil, fmt.Errorf("none of %s loads the driver under a debug kernel that takes counts", b.tests)
	}
	dir, err := os.MkdirTemp("", "coverage")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	events := filepath.Join(dir, "events.json")
	// How the tests went stands in the events; the exit status says no more.
	failed = b.command(ctx, top, b.stderr, b.run(events, tests)...)
	results, err := readEvents(events)
	if err != nil {
		return nil, nil, errors.Join(failed, err)
	}
	logs, err := b.output(ctx, top, "info", "--noshow_progress", "bazel-testlogs")
	if err != nil {
		return nil, nil, err
	}
	ran := slices.Concat(results.Passed, results.Flaky)
	for label, status := range results.Failed {
		ran = append(ran, label)
		if status == "FAILED_TO_BUILD" || status == "NO_STATUS" {
			ran = ran[:len(ran)-1] // what lies there is of an earlier run
		}
	}
	files = b.reports(strings.TrimSpace(logs), ran)
	return files, failed, nil
}

// reports are the files of tests that left one.
func (b *bazel) reports(logs string, tests []string) []string {
	var files []string
	slices.Sort(tests)
	for _, label := range slices.Compact(tests) {
		file := filepath.Join(logs, folder(label), report)
		if _, err := os.Stat(file); err != nil {
			fmt.Fprintf(b.stderr, "coverage: %s has left no counts\n", label)
			continue
		}
		files = append(files, file)
	}
	return files
}

// folder is where the results of a test lie: //a/b:c/d and @@//a/b:c/d in a/b/c/d.
func folder(label string) string {
	_, path, _ := strings.Cut(label, "//")
	return strings.Replace(path, ":", "/", 1)
}

// below finds the reports in a folder of results.
func below(dir string) ([]string, error) {
	dir, err := filepath.EvalSymlinks(dir) // bazel-testlogs is a link
	if err != nil {
		return nil, err
	}
	var files []string
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, "/"+report) {
			files = append(files, name)
		}
		return err
	})
	return files, err
}

func readEvents(name string) (*bep.Results, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bep.Read(f)
}

func (b *bazel) output(ctx context.Context, top string, args ...string) (string, error) {
	var out bytes.Buffer
	err := b.command(ctx, top, &out, args...)
	return out.String(), err
}

func (b *bazel) command(ctx context.Context, top string, stdout io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(top, "tools/bazel"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = top, stdout, b.stderr
	// Bazel ends what it runs when it is interrupted, and not when it is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGINT) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("bazel %s: %w", args[0], err)
	}
	return nil
}

// quoted is a command for a person to copy.
func quoted(args []string) string {
	var out []string
	for _, a := range args {
		if strings.ContainsAny(a, ` "()$`) {
			a = "'" + a + "'"
		}
		out = append(out, a)
	}
	return strings.Join(out, " ")
}
