// SPDX-License-Identifier: Apache-2.0

package sh

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/pty"
)

// The test binary plays the shell, and a program that waits to be interrupted.
func TestMain(m *testing.M) {
	switch os.Getenv("SH_TEST") {
	case "sh":
		os.Setenv("SH_TEST", "wait")
		os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
	case "wait":
		os.Stdout.WriteString("waiting\n")
		time.Sleep(time.Minute)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// run runs a shell with arguments and gives back its exit status and what it printed.
func run(t *testing.T, stdin string, args ...string) (int, string) {
	t.Helper()
	in, err := os.CreateTemp(t.TempDir(), "in")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.WriteString(stdin); err != nil {
		t.Fatal(err)
	}
	in.Seek(0, 0)
	var out bytes.Buffer
	return Main(append([]string{"sh"}, args...), in, &out, &out), out.String()
}

func TestScripts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte("echo file $1 $#\nfalse"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stdin  string
		args   []string
		status int
		out    string
	}{
		{"", []string{"-c", "echo hi; exit 7"}, 7, "hi\n"},
		{"", []string{"-c", `for i in 1 2; do printf "%d." $i; done | cat -`}, 127, `"cat": executable file not found in $PATH` + "\n"},
		{"", []string{"-c", `echo $# $2`, "name", "a", "-b"}, 0, "2 -b\n"},
		{"", []string{"-c"}, 2, "sh: -c needs a command; see sh --help\n"},
		{"", []string{"-c", `echo "`}, 2, "sh:1:6: reached EOF without closing quote `\"`\n"},
		{"", []string{file, "x", "y"}, 1, "file x 2\n"},
		{"", []string{"/nonexistent/file"}, 127, "sh: open /nonexistent/file: no such file or directory\n"},
		{"", []string{"-x"}, 2, "sh: unknown option -x; see sh --help\n"},
		{"echo stdin\nexit 4\necho never\n", nil, 4, "stdin\n"},
	} {
		t.Setenv("PATH", "/nonexistent")
		status, out := run(t, c.stdin, c.args...)
		if status != c.status || out != c.out {
			t.Errorf("%q %q: status %d, output %q; want %d, %q", c.args, c.stdin, status, out, c.status, c.out)
		}
	}
}

// session is a shell at a terminal.
func session(t *testing.T) (*pty.Screen, *exec.Cmd) {
	t.Helper()
	person, program, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "slow")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Dir = dir
	cmd.Env = []string{"SH_TEST=sh", "PATH=" + dir}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); person.Close() })
	return pty.NewScreen(person), cmd
}

const soon = 20 * time.Second

// talk types each text and waits for the pattern after it.
func talk(t *testing.T, s *pty.Screen, steps ...[2]string) {
	t.Helper()
	for _, step := range steps {
		if err := s.Type(step[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Expect(step[1], soon); err != nil {
			t.Fatalf("after %q: %v", step[0], err)
		}
	}
}

const ready = `[^ ]:\S*[#$] $`

func TestTerminal(t *testing.T) {
	s, cmd := session(t)
	talk(t, s,
		[2]string{"", ready},
		[2]string{"echo o''ne\r", `\none\r\n(?s:.*)` + ready},
		// Given up at the prompt.
		[2]string{"echo never\x03", ready},
		// A command of several lines.
		[2]string{"for i in a b; do\r", `> $`},
		[2]string{"echo x$i\r", `> $`},
		[2]string{"done\r", `\nxa\r\nxb\r\n(?s:.*)` + ready},
		[2]string{"echo 'given\r", `> $`},
		[2]string{"\x03", ready},
		// A program, and a loop of the shell's own.
		[2]string{"slow; echo after\r", `\nwaiting\r\n`},
		[2]string{"\x03", ready},
		[2]string{"echo $?\r", `\n130\r\n(?s:.*)` + ready},
		[2]string{"echo run''ning; while true; do :; done\r", `\nrunning\r\n`},
		[2]string{"\x03", ready},
		[2]string{"echo =$?\r", `\n=130\r\n(?s:.*)` + ready},
		// Arrow up, and Tab, and what is no command.
		[2]string{"echo t''wice\r", `\ntwice\r\n(?s:.*)` + ready},
		[2]string{"\x1b[A\r", `\ntwice\r\n(?s:.*)` + ready},
		[2]string{"echo ./sl\t.\r", `\n\./slow \.\r\n(?s:.*)` + ready},
		[2]string{"echo )\r", `\n.*sh: 1:6: (?s:.*)` + ready},
		[2]string{"exit 9\r", `\n`},
	)
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("%v", err)
	}
	for _, never := range []string{"\nafter", "\nnever"} {
		if strings.Contains(s.Text(), never) {
			t.Errorf("%q on the screen: %q", never, s.Text())
		}
	}
}

func TestEndOfInput(t *testing.T) {
	s, cmd := session(t)
	talk(t, s, [2]string{"", ready}, [2]string{"false\r", ready})
	if err := s.Type("\x04"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("Ctrl-D after false: %v", err)
	}
}

func TestKeysAreReadByLine(t *testing.T) {
	k := &keys{in: strings.NewReader("one\rtw\x03three")}
	for _, want := range []struct {
		text        string
		interrupted bool
	}{{"one\r", false}, {"tw\x05\x15\r", true}, {"three", true}} {
		buf := make([]byte, 100)
		n, err := k.Read(buf)
		if err != nil || string(buf[:n]) != want.text || k.interrupted != want.interrupted {
			t.Errorf("%q, %v, %v; want %+v", buf[:n], k.interrupted, err, want)
		}
	}
}

func TestHistory(t *testing.T) {
	h := &history{}
	for _, l := range []string{"a", "", "b", "b"} {
		h.Add(l)
	}
	if h.Len() != 2 || h.At(0) != "b" || h.At(1) != "a" {
		t.Errorf("%q", h.lines)
	}
	for range 2 * historySize {
		h.Add("x")
		h.Add("y")
	}
	if h.Len() != historySize {
		t.Errorf("%d lines", h.Len())
	}
}
