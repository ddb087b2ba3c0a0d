// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Guests see the rest; here are the errors, which must name what they are about.
func TestErrors(t *testing.T) {
	if err := Insert("/nonexistent/x.ko"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "x.ko") {
		t.Errorf("a module that is not there: %v", err)
	}
	file := filepath.Join(t.TempDir(), "y.ko")
	if err := os.WriteFile(file, []byte("no module"), 0o644); err != nil {
		t.Fatal(err)
	}
	// Root gets ENOEXEC, others EPERM.
	var errno unix.Errno
	if err := Insert(file, "a=b"); !errors.As(err, &errno) || !strings.Contains(err.Error(), "load module "+file) {
		t.Errorf("a file that is no module: %v", err)
	}
	if err := SwitchOn("nonexistent0"); !errors.As(err, &errno) || !strings.Contains(err.Error(), "interface nonexistent0: ") {
		t.Errorf("an interface that is not there: %v", err)
	}
	if err := SwitchOn(strings.Repeat("x", 100)); err == nil {
		t.Error("an interface with an impossible name")
	}
	if log, err := Log(); (err == nil) == (len(log) == 0) || err != nil && !strings.HasPrefix(err.Error(), "kernel log: ") {
		t.Errorf("%d bytes, %v", len(log), err)
	}
}

func TestSwitchOn(t *testing.T) {
	// The thread is not given back: it ends with the goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("only root has network namespaces of its own:", err)
	}
	for _, step := range []struct {
		do   func() error
		want string
	}{{func() error { return nil }, "down"}, {func() error { return SwitchOn("lo") }, "unknown"}} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := state(t); got != step.want {
			t.Errorf("the loopback is %q, want %q", got, step.want)
		}
	}
}

// state asks the kernel whether the thread's loopback is on; a loopback that is says
// "unknown" of itself, as in /sys/class/net/lo/operstate.
func state(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr); err != nil {
		t.Fatal(err)
	}
	if ifr.Uint16()&unix.IFF_UP == 0 {
		return "down"
	}
	return "unknown"
}
