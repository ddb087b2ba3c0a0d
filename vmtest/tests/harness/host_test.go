// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hang is a test of a VM whose guest says its last words and then does nothing.
const hang = "ends/hang/x86_64"

// run is a test of a VM that is under way.
type run struct {
	*exec.Cmd
	lines chan string
	mu    sync.Mutex
	text  bytes.Buffer
}

func (r *run) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// start starts the test with a configuration.
func start(t *testing.T, config string) *run {
	t.Helper()
	r := &run{Cmd: exec.Command("./"+hang, "-config="+config), lines: make(chan string, 1000)}
	r.Env = append(os.Environ(), "XML_OUTPUT_FILE=", "TEST_UNDECLARED_OUTPUTS_DIR="+t.TempDir())
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Stderr = r.Stdout
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	go func() {
		defer close(r.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			r.mu.Lock()
			fmt.Fprintln(&r.text, s.Text())
			r.mu.Unlock()
			r.lines <- s.Text()
		}
	}()
	return r
}

// hanging waits until the guest hangs and returns the process of its QEMU.
func (r *run) hanging(t *testing.T) int {
	t.Helper()
	limit := time.After(90 * time.Second)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				t.Fatalf("the test ended before its guest hung:\n%s", r.output())
			}
			if !strings.Contains(line, "last words") {
				continue
			}
		case <-limit:
			t.Fatalf("the guest never came so far:\n%s", r.output())
		}
		break
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // it has just ended
		}
		var pid, parent int
		var name, state string
		if _, err := fmt.Sscanf(string(text), "%d %s %s %d", &pid, &name, &state, &parent); err == nil && parent == r.Process.Pid {
			return pid
		}
	}
	t.Fatal("the test has no QEMU")
	return 0
}

// ends waits for the end of the test and returns its exit status.
func (r *run) ends(t *testing.T) int {
	t.Helper()
	limit := time.AfterFunc(30*time.Second, func() { r.Process.Kill() })
	defer limit.Stop()
	for range r.lines {
	}
	r.Wait()
	return r.ProcessState.ExitCode()
}

// gone fails if a process is still there after a moment.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 100 {
		if unix.Kill(pid, 0) != nil {
			return
		}
		// Whose parent was killed becomes a zombie where nobody reaps.
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(text), ") Z ") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("QEMU, process %d, is still there", pid)
	unix.Kill(pid, unix.SIGKILL)
}

func TestQEMUIsKilled(t *testing.T) {
	r := start(t, hang+".json")
	pid := r.hanging(t)
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := r.ends(t); status != 1 || !strings.Contains(r.output(), "INFRA: QEMU was ended by SIGKILL") {
		t.Errorf("exit status %d\n%s", status, r.output())
	}
	gone(t, pid)
}

func TestHarnessIsKilled(t *testing.T) {
	r := start(t, hang+".json")
	pid := r.hanging(t)
	if err := r.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.ends(t)
	gone(t, pid)
}

func TestHarnessIsInterrupted(t *testing.T) {
	r := start(t, hang+".json")
	pid := r.hanging(t)
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := r.ends(t); status != 1 || !strings.Contains(r.output(), "INFRA: interrupted from outside") {
		t.Errorf("exit status %d\n%s", status, r.output())
	}
	gone(t, pid)
}

func TestQEMUIsMissing(t *testing.T) {
	text, err := os.ReadFile(hang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config.json")
	other := bytes.Replace(text, []byte(`"qemu_root": "`), []byte(`"qemu_root": "nowhere/`), 1)
	if bytes.Equal(text, other) {
		t.Fatalf("the configuration names no QEMU:\n%s", text)
	}
	if err := os.WriteFile(config, other, 0o644); err != nil {
		t.Fatal(err)
	}
	r := start(t, config)
	if status := r.ends(t); status != 1 || !strings.Contains(r.output(), "INFRA: QEMU did not run") {
		t.Errorf("exit status %d\n%s", status, r.output())
	}
}
