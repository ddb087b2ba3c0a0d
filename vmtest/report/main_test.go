// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/verdict"
)

func TestMainStatus(t *testing.T) {
	good, bad, skipped, broken, empty, odd := newLogs(t), newLogs(t), newLogs(t), newLogs(t), newLogs(t), newLogs(t)
	good.result(passed(label, stock), noon)
	expected := failed("//p:x/x86_64", stock, verdict.Splat, "oops")
	expected.OK, expected.Expected = true, "SPLAT: oops"
	good.result(expected, noon)
	bad.result(failed(label, stock, verdict.Leak, "kmemleak"), noon)
	skipped.file(labelPath(label), "test.log", bazelHead(label)+"SKIP  "+label+" on "+stock+": gone\n", noon)
	broken.file(labelPath(label), "test.outputs/result.json", "{", noon)
	odd.result(passed(label, stock), noon)
	odd.file("other/test", "test.outputs/result.json", "{}", noon)
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		check int
		out   string
		err   string
	}{
		{"good", []string{"--testlogs", good.dir}, 0, 0, "2 results under 1 kernel: 2 as expected, 0 bad: ", ""},
		{"bad", []string{"--testlogs", bad.dir}, 0, 1, "1 result under 1 kernel: 0 as expected, 1 bad: ", ""},
		{"good and bad", []string{"--testlogs", good.dir, "--testlogs=" + bad.dir}, 0, 1, "1 bad", ""},
		{"skipped alone", []string{"--testlogs", skipped.dir}, 0, 1, "1 skipped", ""},
		{"broken", []string{"--testlogs", broken.dir}, 0, 1, "1 bad", ""},
		{"empty", []string{"--testlogs", empty.dir}, 0, 1, "no result", "no VM test has left a result"},
		{"odd", []string{"--testlogs", odd.dir}, 0, 0, "1 as expected", "other/test: left out"},
		{"no folder", []string{"--testlogs", filepath.Join(empty.dir, "gone")}, 1, 1, "", "gone: no such file"},
		{"unknown flag", []string{"--no"}, 2, 2, "", "not defined: -no"},
		{"argument", []string{"x"}, 2, 2, "", `unexpected argument "x"`},
		{"no out", []string{"--out="}, 2, 2, "", "--out is empty"},
		{"help", []string{"--help"}, 0, 0, "", "Usage: tools/bazel run //vmtest:report -- [flags]"},
	} {
		t.Chdir(t.TempDir())
		for _, check := range []bool{false, true} {
			args, want := c.args, c.code
			if check {
				args, want = append([]string{"--check"}, c.args...), c.check
			}
			var out, errs strings.Builder
			if got := Main(append([]string{"report"}, args...), &out, &errs); got != want {
				t.Errorf("%s: exit status %d with check %v, want %d: %s", c.name, got, check, want, errs.String())
			}
			if !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) || c.err == "" && errs.Len() > 0 {
				t.Errorf("%s: it prints %q and %q", c.name, out.String(), errs.String())
			}
			_, err := os.Stat("vmtest-report/matrix.html")
			if made := err == nil; made != (strings.HasSuffix(c.out, ": ") || c.code == 0 && c.name != "help") {
				t.Errorf("%s: page made: %v", c.name, made)
			}
		}
	}
}

func TestJSONOnStdout(t *testing.T) {
	l := newLogs(t)
	l.result(passed(label, stock), noon)
	out := filepath.Join(t.TempDir(), "r")
	var stdout, stderr strings.Builder
	if code := Main([]string{"report", "--json", "--out", out, "--testlogs", l.dir}, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	var m Matrix
	if err := json.Unmarshal([]byte(stdout.String()), &m); err != nil || m.Totals.OK != 1 || m.Packages[0].Rows[0].Cells[0].Label != label {
		t.Errorf("%v: %s", err, stdout.String())
	}
	if file, err := os.ReadFile(filepath.Join(out, "matrix.json")); err != nil || string(file) != stdout.String() {
		t.Errorf("matrix.json is something else: %v", err)
	}
	if !strings.HasPrefix(stderr.String(), "1 result under 1 kernel") {
		t.Errorf("stderr: %s", stderr.String())
	}
}

// Under bazel run a relative name is one of the folder in which it was typed.
func TestRelativeToCaller(t *testing.T) {
	l := newLogs(t)
	l.result(passed(label, stock), noon)
	t.Setenv("BUILD_WORKING_DIRECTORY", l.dir)
	t.Chdir(t.TempDir())
	var stdout, stderr strings.Builder
	if code := Main([]string{"report", "--testlogs=.", "--out=here"}, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	if _, err := os.Stat(filepath.Join(l.dir, "here", "matrix.html")); err != nil {
		t.Error(err)
	}
}

// Without bazel-testlogs the error says what to do.
func TestNoLogs(t *testing.T) {
	top := t.TempDir()
	if err := os.WriteFile(filepath.Join(top, "MODULE.bazel"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", top)
	t.Chdir(top)
	var stdout, stderr strings.Builder
	if code := Main([]string{"report"}, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "run tools/bazel test //vmtest/... first, or name a folder by --testlogs") {
		t.Errorf("exit status %d: %s", code, stderr.String())
	}
}

func TestHealthy(t *testing.T) {
	for _, c := range []struct {
		m    Matrix
		want bool
	}{
		{Matrix{Totals: Totals{All: 1, OK: 1}}, true},
		{Matrix{Totals: Totals{All: 2, OK: 1, Skipped: 1}}, true},
		{Matrix{Totals: Totals{All: 2, OK: 1, Bad: 1}}, false},
		{Matrix{Totals: Totals{All: 1, Skipped: 1}}, false},
		{Matrix{Totals: Totals{All: 1, OK: 1}, Incomplete: true}, false},
		{Matrix{}, false},
	} {
		if got := c.m.Healthy(); got != c.want {
			t.Errorf("%+v: healthy %v", c.m, got)
		}
	}
}
