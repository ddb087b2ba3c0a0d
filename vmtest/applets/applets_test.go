// SPDX-License-Identifier: Apache-2.0

package applets

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// call runs a program and returns its exit status, output and errors.
func call(t *testing.T, stdin string, args ...string) (int, string, string) {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte(stdin), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out, errs bytes.Buffer
	return Main(args, f, &out, &errs), out.String(), errs.String()
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestText(t *testing.T) {
	name := file(t, "one\ntwo\nThree")
	for _, c := range []struct {
		args   []string
		status int
		out    string
	}{
		{[]string{"/bin/cat", name}, 0, "one\ntwo\nThree"},
		{[]string{"uroot", "cat", name}, 0, "one\ntwo\nThree"},
		{[]string{"grep", "t", name}, 0, "two\n"},
		{[]string{"grep", "-i", "^T", name}, 0, "two\nThree\n"},
		{[]string{"grep", "-v", "-c", "e$", name}, 0, "1\n"},
		{[]string{"grep", "x", name}, 1, ""},
		{[]string{"grep", "b", name, name}, 1, ""},
		{[]string{"grep", "two", name, name}, 0, name + ":two\n" + name + ":two\n"},
		{[]string{"grep", "s", "-"}, 1, ""},
		{[]string{"grep", "st"}, 0, "stdin\n"},
		{[]string{"head", "-n", "1", name}, 0, "one\n"},
		{[]string{"head", "-2", name}, 0, "one\ntwo\n"},
		{[]string{"head", "-n", "0", name}, 0, ""},
		{[]string{"head"}, 0, "stdin\n"},
		{[]string{"tail", "-1", name}, 0, "Three"},
		{[]string{"tail", "-n", "0", name}, 0, ""},
		{[]string{"tail", name}, 0, "one\ntwo\nThree"},
		{[]string{"wc", name}, 0, "      2       3      13 " + name + "\n"},
		{[]string{"wc", "-l"}, 0, "1\n"},
		{[]string{"wc", "-c", "-w", name}, 0, "3 13 " + name + "\n"},
		{[]string{"sh", "-c", "exit 6"}, 6, ""},
		{[]string{"sleep", "0.001"}, 0, ""},
	} {
		if status, out, errs := call(t, "stdin\n", c.args...); status != c.status || out != c.out {
			t.Errorf("%q: %d, %q, %q; want %d, %q", c.args, status, out, errs, c.status, c.out)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"uroot"}, 2, "Programs: base64 bash cat "},
		{[]string{"uroot", "frob"}, 2, "Usage: uroot"},
		{[]string{"grep"}, 2, "grep: no pattern\nUsage: grep"},
		{[]string{"grep", "("}, 2, "missing closing"},
		{[]string{"grep", "-x", "y"}, 2, "not defined: -x"},
		{[]string{"head", "-n", "-1"}, 2, "fewer than no lines"},
		{[]string{"head", "/nonexistent"}, 1, "head: open /nonexistent: no such file"},
		{[]string{"cat", "/nonexistent"}, 1, "cat: "},
		{[]string{"insmod"}, 2, "no file"},
		{[]string{"insmod", "/nonexistent"}, 1, "no such file"},
		{[]string{"rmmod"}, 2, "no module"},
		{[]string{"lsmod", "x"}, 2, "unexpected argument x"},
		{[]string{"dmesg", "x"}, 2, "unexpected argument x"},
		{[]string{"uname", "x"}, 2, "unexpected argument x"},
		{[]string{"kill"}, 2, "no process"},
		{[]string{"kill", "-FROB", "1"}, 2, "no signal FROB"},
		// Every process, and the own group: never by accident. Signal 0 asks only.
		{[]string{"kill", "-0", "-1"}, 2, "-1 is no number"},
		{[]string{"kill", "-0", "0"}, 2, "0 is no number"},
		{[]string{"wc", "-x"}, 2, "not defined: -x"},
		{[]string{"sleep", "soon"}, 2, `"soon" is no time`},
		{[]string{"sleep", "-1"}, 2, `"-1" is no time`},
		{[]string{"mount", "a", "b"}, 2, "a type, a source and a folder"},
		{[]string{"umount"}, 2, "no folder"},
		{[]string{"sysctl"}, 2, "no name"},
		{[]string{"ps", "x"}, 2, "unexpected argument x"},
	} {
		if status, out, errs := call(t, "", c.args...); status != c.status || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%q: %d, %q, %q; want %d, %q", c.args, status, out, errs, c.status, c.want)
		}
	}
	for _, name := range Names() {
		if !slices.Contains(shells, name) && own[name].run == nil {
			continue
		}
		if status, out, errs := call(t, "", name, "--help"); status != 0 || !strings.HasPrefix(out, "Usage: ") || errs != "" {
			t.Errorf("%s --help: %d, %q, %q", name, status, out, errs)
		}
	}
}

func TestLsmod(t *testing.T) {
	defer func(old string) { procModules = old }(procModules)
	procModules = file(t, "tidelock 16384 0 - Live 0x0 (OE)\ntls 155648 1 tidelock,x, Live 0x0\n")
	want := "Module                       Size  Used by\n" +
		"tidelock                    16384  0\n" +
		"tls                        155648  1 tidelock,x\n"
	if status, out, errs := call(t, "", "lsmod"); status != 0 || out != want {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
	procModules = file(t, "tidelock 16384\n")
	if status, _, errs := call(t, "", "lsmod"); status != 1 || !strings.Contains(errs, "2 fields") {
		t.Errorf("%d, %q", status, errs)
	}
}

func TestProcesses(t *testing.T) {
	self := exec.Command("/proc/self/exe", "-test.run=^$")
	if err := self.Run(); err != nil {
		t.Fatal(err)
	}
	status, out, errs := call(t, "", "ps")
	if status != 0 || !regexp.MustCompile(`(?m)^ *\d+ +\d+ [A-Z] .*applets.*test`).MatchString(out) {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
	defer func(old string) { procDir = old }(procDir)
	procDir = t.TempDir()
	for pid, stat := range map[string]string{"7": "7 (a) (b)) S 1 7 7", "8": "8 (gone", "x": ""} {
		if err := os.MkdirAll(filepath.Join(procDir, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(procDir, pid, "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	status, out, errs = call(t, "", "ps")
	if status != 1 || !strings.Contains(out, "    7     1 S [a) (b)]\n") || !strings.Contains(errs, "8/stat cannot be read") {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
}

func TestSysctl(t *testing.T) {
	defer func(old string) { sysctlDir = old }(sysctlDir)
	top := t.TempDir()
	sysctlDir = filepath.Join(top, "sys")
	if err := os.MkdirAll(filepath.Join(sysctlDir, "kernel"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"sys/kernel/x", "secret"} {
		if err := os.WriteFile(filepath.Join(top, f), []byte("1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if status, out, errs := call(t, "", "sysctl", "kernel.x", "kernel.x=3"); status != 0 || out != "kernel.x = 1\nkernel.x = 3\n" {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
	if status, out, _ := call(t, "", "sysctl", "/../secret"); status != 1 || out != "" {
		t.Errorf("%d, %q", status, out)
	}
}

// The names of the links in the guest stand in a rule, which cannot ask the program.
func TestNamesOfLinks(t *testing.T) {
	text, err := os.ReadFile("../shell.bzl")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), `"_names": attr.string_list(default = [`)
	list, _, found := strings.Cut(list, "])")
	if !found {
		t.Fatal("shell.bzl has no list _names")
	}
	var names []string
	for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("shell.bzl has %q, and the program %q", names, Names())
	}
}
