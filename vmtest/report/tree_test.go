// SPDX-License-Identifier: Apache-2.0

package report

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/runner"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// noon is when the tests of the trees below ended, if nothing else is said.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// logs is a folder like bazel-testlogs.
type logs struct {
	*testing.T
	dir string
}

func newLogs(t *testing.T) *logs { return &logs{t, t.TempDir()} }

// file writes a file below the folder of a test.
func (l *logs) file(test, name, text string, when time.Time) {
	l.Helper()
	path := filepath.Join(l.dir, filepath.FromSlash(test), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		l.Fatal(err)
	}
	if err := os.Chtimes(path, when, when); err != nil {
		l.Fatal(err)
	}
}

// log writes the log of a test as Bazel and vmrun begin it.
func (l *logs) log(label, kernel string, when time.Time) {
	l.Helper()
	l.file(labelPath(label), "test.log", bazelHead(label)+fmt.Sprintf("vmtest: %s on %s, 512 MiB, 2 CPUs\n", label, kernel), when)
}

// netLog writes the log of a test of several guests as Bazel and vmnetrun begin it.
func (l *logs) netLog(label, kernels string, when time.Time) {
	l.Helper()
	l.file(labelPath(label), "test.log", bazelHead(label)+fmt.Sprintf("vmtest: %s on %s\n", label, kernels), when)
}

func bazelHead(label string) string {
	return "exec ${PAGER:-/usr/bin/less} \"$0\" || exit 1\nExecuting tests from " + label + "\n" + strings.Repeat("-", 77) + "\n"
}

// result writes log, console and result of a test.
func (l *logs) result(r *runner.Result, when time.Time) {
	l.Helper()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		l.Fatal(err)
	}
	l.log(r.Name, r.Kernel, when)
	l.file(labelPath(r.Name), "test.outputs/console.log", "[    0.000000] Booting Linux\r\n", when)
	l.file(labelPath(r.Name), "test.outputs/result.json", string(text), when)
}

// archive puts a result into the archive that Bazel makes with zipped outputs.
func (l *logs) archive(r *runner.Result, when time.Time) {
	l.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		l.Fatal(err)
	}
	var b strings.Builder
	w := zip.NewWriter(&b)
	for name, data := range map[string]string{"result.json": string(text), "console.log": "[    1.0] the last line\n"} {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(data))
		}
		if err != nil {
			l.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		l.Fatal(err)
	}
	l.file(labelPath(r.Name), "test.outputs/outputs.zip", b.String(), when)
}

// passed is the result of a test that has nothing wrong.
func passed(label, kernel string) *runner.Result {
	k := parseKernel(kernel, "x86_64")
	return &runner.Result{
		Schema: 1, Name: label, Kernel: kernel, Arch: k.Arch, Release: k.Release, Accel: "tcg", OK: true,
		Verdict:  verdict.Verdict{Class: verdict.Pass},
		Programs: []runner.Program{{Name: "t", Seconds: 1, Cases: []results.Case{{Name: "TestA", Status: results.Pass}}}},
		Times:    runner.Times{Boot: 2, Programs: 1, Total: 3.5, Overhead: 2.5},
	}
}

// failed is one that does not.
func failed(label, kernel string, class verdict.Class, title string) *runner.Result {
	r := passed(label, kernel)
	r.OK, r.Verdict = false, verdict.Verdict{Class: class, Title: title}
	return r
}

// collect makes the matrix of the logs.
func collect(t *testing.T, dirs ...string) *Matrix {
	t.Helper()
	m, err := Collect(dirs)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// only is the cell of a matrix that has one.
func only(t *testing.T, m *Matrix) *Cell {
	t.Helper()
	if all := m.Cells(); len(all) == 1 {
		return all[0]
	} else {
		t.Fatalf("%d cells, want 1; warnings %q", len(all), m.Warnings)
	}
	return nil
}

const (
	stock = "debian/x86_64/6.1.0-56-cloud-amd64"
	label = "//vmtest/tests/load:load/" + stock
)
