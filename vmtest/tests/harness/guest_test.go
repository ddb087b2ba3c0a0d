// SPDX-License-Identifier: Apache-2.0

// Package harness tests the guest's side of the harness from inside a guest: what
// vmtest/guest promises to every program.
package harness

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func inGuest(t *testing.T) {
	t.Helper()
	if os.Getenv("TIDELOCK_VM") == "" {
		t.Skip("only in a guest of vmtest")
	}
}

func TestFileSystems(t *testing.T) {
	inGuest(t)
	for _, path := range []string{"/proc/self/status", "/sys/kernel/notes", "/dev/null", "/dev/pts/ptmx", "/dev/stdout", "/dev/fd/0", "/sys/kernel/debug", "/sys/fs/cgroup/cgroup.procs"} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	for _, dir := range []string{"/tmp", "/run", "/dev/shm"} {
		if err := os.WriteFile(filepath.Join(dir, "x"), []byte("x"), 0o600); err != nil {
			t.Error(err)
		}
	}
}

func TestLoopback(t *testing.T) {
	inGuest(t)
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Error(err)
			continue
		}
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
		} else {
			c.Close()
		}
		l.Close()
	}
}

// The modules of the test's `load` are in, where the kernel has them.
func TestModules(t *testing.T) {
	inGuest(t)
	if os.Getenv("TIDELOCK_KTLS") != "1" {
		t.Skip("this kernel has no tls module")
	}
	data, err := os.ReadFile("/proc/modules")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains("\n"+string(data), "\ntls ") {
		t.Errorf("tls is not loaded:\n%s", data)
	}
}

// The kernel's own requests for modules are served: an interface of type dummy
// makes it ask for the alias rtnl-link-dummy.
func TestModprobe(t *testing.T) {
	inGuest(t)
	helper, err := os.ReadFile("/proc/sys/kernel/modprobe")
	if err != nil {
		t.Fatal(err)
	}
	if h := strings.TrimSpace(string(helper)); h != "/sbin/modprobe" {
		t.Fatalf("the kernel asks %q", h)
	}
	var st unix.Stat_t
	if err := unix.Stat("/sbin/modprobe", &st); err != nil || st.Mode&0o111 == 0 {
		t.Errorf("mode %o, %v", st.Mode, err)
	}
}

func TestEnvironment(t *testing.T) {
	inGuest(t)
	key := os.Getenv("TIDELOCK_KERNEL")
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(key, "/"+strings.TrimSpace(string(release))) {
		t.Errorf("the kernel is %s, and TIDELOCK_KERNEL says %s", release, key)
	}
	if name, err := os.Hostname(); err != nil || name != "guest" {
		t.Errorf("host name %q, %v", name, err)
	}
}
