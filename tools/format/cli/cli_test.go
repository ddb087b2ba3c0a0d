// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func run(args ...string) (code int, stdout, stderr string) {
	var o, e bytes.Buffer
	code = Main(args, &o, &e)
	return code, o.String(), e.String()
}

func TestCheckThenMend(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "x.go")
	if err := os.WriteFile(file, []byte("package  x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out, err := run("--root="+root, "--check"); code != 1 || out != "x.go\n" || !strings.Contains(err, "1 files") {
		t.Errorf("check: %d, %q, %q", code, out, err)
	}
	if text, _ := os.ReadFile(file); string(text) != "package  x\n" {
		t.Error("--check wrote the file")
	}
	if code, out, err := run("--root="+root, "x.go"); code != 0 || out != "x.go\n" || err != "" {
		t.Errorf("mend: %d, %q, %q", code, out, err)
	}
	if code, out, err := run("--root="+root, "--check"); code != 0 || out != "" || err != "" {
		t.Errorf("check again: %d, %q, %q", code, out, err)
	}
}

func TestUsage(t *testing.T) {
	t.Setenv("BUILD_WORKSPACE_DIRECTORY", "")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "usage: tools/bazel run //:format"},
		{[]string{"--nonsense"}, 2, "nonsense"},
		{nil, 2, "--root is missing"},
		{[]string{"--root=/gone"}, 1, "/gone"},
		{[]string{"--root=/", "--clang-format=/gone"}, 2, "--clang-format"},
	} {
		if code, _, err := run(c.args...); code != c.code || !strings.Contains(err, c.want) {
			t.Errorf("%v: %d, %q; want %d, %q", c.args, code, err, c.code, c.want)
		}
	}
}
