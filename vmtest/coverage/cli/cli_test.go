// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/coverage"
)

const half = "SF:kmod/a.c\nFN:1,f\nFNDA:1,f\nDA:1,1\nDA:2,0\nend_of_record\n"

// results makes a folder as bazel-testlogs is.
func results(t *testing.T, reports map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for test, text := range reports {
		file := filepath.Join(dir, test, report)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func command(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	t.Setenv("BUILD_WORKING_DIRECTORY", "")
	var stdout, stderr bytes.Buffer
	status := Main(append([]string{"coverage"}, args...), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func TestCollect(t *testing.T) {
	dir := results(t, map[string]string{"p/one/x86_64/6.1": half, "p/two": "SF:kmod/a.c\nDA:2,3\nDA:3,0\nend_of_record\n"})
	link := filepath.Join(t.TempDir(), "bazel-testlogs")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "new/out")
	status, stdout, stderr := command(t, "--collect="+link, "--out="+out, "--json", "--fail-under=66.6")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var s coverage.Summary
	if err := json.Unmarshal([]byte(stdout), &s); err != nil || s.Tests != 2 || s.Total.Lines != (coverage.Ratio{Covered: 2, Total: 3, Percent: 66.6}) {
		t.Errorf("%v: %+v", err, s)
	}
	for name, want := range map[string]string{
		"coverage.info": "DA:2,3\n", "summary.txt": "total", "summary.json": `"percent": 66.6`, "summary.md": "| total | 2/3 66.6% |",
	} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, no %q in\n%s", name, err, want, data)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 4 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestFails(t *testing.T) {
	good := results(t, map[string]string{"p/one": half})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"too few lines":  {[]string{"--collect=" + good, "--fail-under=50.1"}, "1/2 50.0% of lines ran, --fail-under asks for 50.1%"},
		"no reports":     {[]string{"--collect=" + t.TempDir()}, "no test has left counts"},
		"no lines":       {[]string{"--collect=" + results(t, map[string]string{"p": "\n"})}, "- of lines ran"},
		"no folder":      {[]string{"--collect=/nonexistent"}, "/nonexistent"},
		"half a report":  {[]string{"--collect=" + results(t, map[string]string{"p": strings.TrimSuffix(half, "end_of_record\n")})}, "cut off"},
		"out is no file": {[]string{"--collect=" + good, "--out=/dev/null/x"}, "/dev/null"},
	} {
		if status, _, stderr := command(t, c.args...); status != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: status %d, no %q in %q", name, status, c.want, stderr)
		}
	}
	if status, _, stderr := command(t, "--collect="+good, "--fail-under=50"); status != 0 {
		t.Errorf("exactly enough: status %d, %q", status, stderr)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--nonsense"}, "nonsense"},
		{[]string{"--fail-under=101"}, "no percentage"},
		{[]string{"--fail-under=NaN"}, "no percentage"},
		{[]string{"--fail-under=-1"}, "no percentage"},
		{[]string{"//vmtest/tests/load"}, "tests are named by --tests"},
		{[]string{"--tests="}, "is not a pattern"},
		{[]string{"--tests=//a, //b"}, "is not a pattern"},
		{[]string{`--tests=") + //kmod/..."`}, "is not a pattern"},
		{[]string{"--tests=-//a"}, "is not a pattern"},
		{[]string{"--collect=x", "--dry-run"}, "--collect runs nothing"},
		{[]string{"--collect=x", "--", "--config=ci"}, "--collect runs nothing"},
	} {
		if status, _, stderr := command(t, c.args...); status != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, no %q in %q", c.args, status, c.want, stderr)
		}
	}
	if status, _, stderr := command(t, "--help"); status != 0 || !strings.Contains(stderr, "Exit status") {
		t.Errorf("help: status %d, %q", status, stderr)
	}
}

func TestFolder(t *testing.T) {
	for label, want := range map[string]string{
		"//a/b:c/d": "a/b/c/d", "@@//a/b:c": "a/b/c", "//:x": "/x",
	} {
		if got := folder(label); got != want {
			t.Errorf("%s: %s, want %s", label, got, want)
		}
	}
}

// tree makes a tree whose Bazel is a script, which writes down how it was called.
func tree(t *testing.T, script string) string {
	t.Helper()
	top := t.TempDir()
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", top)
	for _, err := range []error{
		os.MkdirAll(filepath.Join(top, "tools"), 0o755),
		os.WriteFile(filepath.Join(top, "MODULE.bazel"), nil, 0o644),
		os.WriteFile(filepath.Join(top, "tools/bazel"), []byte("#!/bin/sh\necho \"$@\" >>calls\n"+script), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// events is a Bazel whose test one passed, two failed, and three could not be built.
const events = `
case $1 in
query) echo //p:one //p:two //p:three ;;
info) echo "$PWD/logs" ;;
test)
  for arg; do case $arg in --build_event_json_file=*) file=${arg#*=} ;; esac; done
  cat >"$file" <<EOF
{"id":{"testSummary":{"label":"//p:one"}},"testSummary":{"overallStatus":"PASSED"}}
{"id":{"testSummary":{"label":"//p:two"}},"testSummary":{"overallStatus":"FAILED"}}
{"id":{"targetCompleted":{"label":"//p:three"}},"completed":{}}
{"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"TESTS_FAILED"}}}
EOF
  exit 3 ;;
esac
`

func TestRun(t *testing.T) {
	top := tree(t, events)
	logs := results(t, map[string]string{"p/one": half, "p/two": "SF:kmod/a.c\nDA:2,1\nend_of_record\n", "p/three": "of an earlier run"})
	if err := os.Symlink(logs, filepath.Join(top, "logs")); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := command(t, "--tests=//p/...,//q:all", "--nightly", "--", "--config=ci")
	if status != 1 || !strings.Contains(stderr, "bazel test: exit status 3") || !strings.Contains(stdout, "total     2/2 100.0%") {
		t.Errorf("status %d\n%s\n%s", status, stdout, stderr)
	}
	calls, err := os.ReadFile(filepath.Join(top, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(calls)), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], `let all = tests("//p/...") + tests("//q:all") in attr("modules", "//vmtest/kernels/debug:tidelock/[^ ]*-kasan", $all) except attr("tags", "[\[ ]manual[,\]]", $all)`) ||
		!strings.Contains(lines[1], "--//toolchains/kernel:coverage") || !strings.HasSuffix(lines[1], "--build_tag_filters= --test_tag_filters= --config=ci -- //p:one //p:two //p:three") {
		t.Errorf("%q", lines)
	}
}

func TestRunFails(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"no tests":     {"exit 0\n", "none of //vmtest/tests/... loads the driver"},
		"query fails":  {"exit 7\n", "bazel query: exit status 7"},
		"flag refused": {"[ $1 = query ] && echo //p:one && exit 0\nexit 2\n", "bazel test: exit status 2"},
		"no counts":    {strings.Replace(events, "exit 3", "exit 0", 1), "//p:one has left no counts"},
	} {
		tree(t, c.script)
		if status, _, stderr := command(t); status != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: status %d, no %q in %q", name, status, c.want, stderr)
		}
	}
}

func TestDryRun(t *testing.T) {
	top := tree(t, "exit 1\n")
	status, stdout, _ := command(t, "--dry-run")
	if lines := strings.Split(stdout, "\n"); status != 0 || len(lines) != 3 || !strings.HasPrefix(lines[0], "tools/bazel query ") || !strings.HasPrefix(lines[1], "tools/bazel test --//toolchains/kernel:coverage ") {
		t.Errorf("status %d: %q", status, stdout)
	}
	if _, err := os.Stat(filepath.Join(top, "calls")); err == nil {
		t.Error("Bazel was run")
	}
}

// The pattern finds the tag as Bazel writes lists of tags, and no other tag.
func TestManual(t *testing.T) {
	for tags, want := range map[string]bool{
		"[manual]": true, "[cpu:2, manual, vm]": true, "[cpu:2, manual]": true, "[manual, vm]": true,
		"[]": false, "[cpu:2, vm]": false, "[manually, vm]": false, "[no-manual]": false,
	} {
		if got := regexp.MustCompile(manual).MatchString(tags); got != want {
			t.Errorf("%s: %v", tags, got)
		}
	}
}

func TestPatterns(t *testing.T) {
	o := &options{tests: "//a,//b/..."}
	if got := o.patterns(); !reflect.DeepEqual(got, []string{"//a", "//b/..."}) {
		t.Error(got)
	}
}
