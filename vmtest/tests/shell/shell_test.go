// SPDX-License-Identifier: Apache-2.0

// Package shell talks to a guest through a pseudo-terminal, as a person does.
package shell

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/pty"
)

const (
	bootTime = 5 * time.Minute // on a loaded machine, without KVM
	soon     = 2 * time.Minute
)

// program is a run of the program shell on a pseudo-terminal.
type program struct {
	*pty.Screen
	cmd      *exec.Cmd
	terminal *os.File
}

// release is the guest's uname -r.
func release() string { return path.Base(os.Getenv("SHELL_KERNEL")) }

// start starts the program with the machine of this test.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	root := filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"))
	kernel := os.Getenv("SHELL_KERNEL")
	if kernel == "" {
		t.Skip("SHELL_KERNEL is not set: Bazel gives this test its machine")
	}
	person, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--machine=" + filepath.Join(root, os.Getenv("SHELL_MACHINE")+".machine.json"), "--root=" + root, "--timeout=10m"}, args...)
	cmd := exec.Command(filepath.Join(root, os.Getenv("SHELL_PROGRAM")), args...)
	cmd.Env = append(os.Environ(), "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); terminal.Close(); person.Close() })
	return &program{pty.NewScreen(person), cmd, terminal}
}

// expect waits for a pattern on the screen.
func (p *program) expect(t *testing.T, pattern string, limit time.Duration) {
	t.Helper()
	// The guest's terminal ends a line with \r\n, and the person's adds another \r.
	if _, err := p.Expect(strings.ReplaceAll(pattern, `\r\n`, `\r+\n`), limit); err != nil {
		t.Fatal(err)
	}
}

// end waits for the program's end, and looks for what it left behind.
func (p *program) end(t *testing.T, status int) {
	t.Helper()
	ended := make(chan struct{})
	go func() { p.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(soon):
		t.Fatalf("the program did not end; it wrote %q", p.Text())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("exit status %d, want %d; it wrote %q", got, status, p.Text())
	}
	if left := qemus(p.cmd.Process.Pid); len(left) > 0 {
		t.Errorf("QEMU is still there: %q", left)
	}
	mode, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
	if err != nil || mode.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != unix.ICANON|unix.ECHO|unix.ISIG {
		t.Errorf("the terminal is not as it was: %+v, %v", mode, err)
	}
}

// qemus lists QEMU processes of the session of a process, which may have ended.
func qemus(session int) []string {
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		// PID (name) state parent group session …
		f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(f) > 3 && f[3] == strconv.Itoa(session) && bytes.Contains(line, []byte("usr/bin/qemu-system-")) {
			found = append(found, string(stat))
		}
	}
	return found
}

func TestExec(t *testing.T) {
	p := start(t, "--exec=uname -r; lsmod; cat /proc/modules; echo on stderr >&2; exit 7")
	p.expect(t, `(?m)^`+strings.ReplaceAll(release(), "+", `\+`)+`\r\nModule +Size +Used by\r\n(?s:.*)^tidelock \d+ 0 - Live 0x[0-9a-f]+ \([A-Z]+\)\r\n`, bootTime)
	p.expect(t, `on stderr\r\n`, soon)
	p.end(t, 7)
}

// Real programs lie beside the shell's own, which they need not know of.
func TestUserland(t *testing.T) {
	if os.Getenv("SHELL_USERLAND") == "" {
		t.Skip("the machine of this test has no further programs")
	}
	p := start(t, "--exec=openssl version; curl --version | head -n 1; ls -l /bin | wc -l; uname -r; grep -c tidelock /proc/modules")
	p.expect(t, `(?m)^OpenSSL 3\S* .*\r\n^curl \d.*\r\n^ *[1-9]\d*\r\n^`+strings.ReplaceAll(release(), "+", `\+`)+`\r\n^1\r\n`, bootTime)
	p.end(t, 0)
}

func TestDialogue(t *testing.T) {
	p := start(t)
	p.expect(t, `Ctrl-A X ends QEMU`, soon)
	// QEMU is there now, or the look for it at the end would prove nothing.
	p.expect(t, `kernel +`+strings.ReplaceAll(release(), "+", `\+`), bootTime)
	if len(qemus(p.cmd.Process.Pid)) != 1 {
		t.Error("no QEMU was found while the guest runs")
	}
	p.expect(t, `module +tidelock loaded, health ok\r\n`, soon)
	const prompt = `guest:/root# $`
	p.expect(t, prompt, soon)
	for _, step := range [][2]string{
		{"echo h''i $TERM $(uname -r)\r", `\nhi xterm ` + strings.ReplaceAll(release(), "+", `\+`) + `\r\n(?s:.*)` + prompt},
		{"cat /sys/module/tidelock/health; rmmod tidelock; lsmod | grep -c tidelock\r", `\nok\r\n0\r\n(?s:.*)` + prompt},
		{"insmod $TIDELOCK_KO && cat /sys/module/tidelock/health\r", `\nok\r\n(?s:.*)` + prompt},
		{"ls -d /proc/tidelock\r", `\n/?(proc/)?tidelock\r\n(?s:.*)` + prompt},
		{"echo sleep''ing; sleep 100\r", `\nsleeping\r\n`},
		{"\x03", prompt},
		{"echo st''atus $?\r", `\nstatus 130\r\n(?s:.*)` + prompt},
	} {
		if err := p.Type(step[0]); err != nil {
			t.Fatal(err)
		}
		p.expect(t, step[1], soon)
	}
	if err := p.Type("exit 5\r"); err != nil {
		t.Fatal(err)
	}
	p.expect(t, `its shell ended with status 5\r\n`, soon)
	p.end(t, 5)
}

// A person who has had enough.
func TestQuit(t *testing.T) {
	p := start(t, "--no-module")
	p.expect(t, `module +no module was loaded\r\n(?s:.*)# $`, bootTime)
	if err := p.Type("\x01x"); err != nil {
		t.Fatal(err)
	}
	p.expect(t, `the machine ended before its shell`, soon)
	p.end(t, 1)
}

// A signal for the program ends the guest too.
func TestSignal(t *testing.T) {
	p := start(t, "--no-module")
	p.expect(t, `guest:/root# $`, bootTime)
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.end(t, 1)
}
