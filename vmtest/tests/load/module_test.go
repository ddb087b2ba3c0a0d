// SPDX-License-Identifier: Apache-2.0

package load

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/tidelock"
	"golang.org/x/sys/unix"
)

const (
	healthPath      = tidelock.HealthPath
	connectionsPath = tidelock.ConnectionsPath
)

// modulePath is where the environment says that a module lies. A run on a developer's machine
// skips; a guest that was given no module fails.
func modulePath(t *testing.T, env string) string {
	path := os.Getenv(env)
	switch {
	case path != "":
		return path
	case os.Getenv("TIDELOCK_VM") != "" && env == "TIDELOCK_KO":
		t.Fatalf("%s is not set: it names the module to test", env)
	}
	t.Skipf("%s is not set: it names a module to load, in a virtual machine", env)
	return ""
}

// What other tests of the module share.
var (
	insert = tidelock.Insert
	remove = tidelock.Remove
)

// load inserts the module for the length of a test.
func load(t *testing.T) {
	t.Helper()
	path := modulePath(t, "TIDELOCK_KO")
	before := taint(t)
	if err := insert(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(); err != nil {
			t.Error(err)
		}
		checkGone(t)
		checkTaint(t, before)
	})
}

// checkGone finds what an unloaded module left behind.
func checkGone(t *testing.T) {
	t.Helper()
	if err := tidelock.CheckGone(); err != nil {
		t.Error(err)
	}
}

// Bits of /proc/sys/kernel/tainted that every module gets that is not the distribution's own.
const taintModule = 1<<12 | 1<<13

func taint(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/tainted")
	if err != nil {
		t.Fatal(err)
	}
	var bits uint64
	if _, err := fmt.Sscan(string(text), &bits); err != nil {
		t.Fatal("/proc/sys/kernel/tainted:", err)
	}
	return bits
}

// checkTaint notices a warning, an oops or a lockup: each leaves its bit.
func checkTaint(t *testing.T, before uint64) {
	t.Helper()
	if after := taint(t); after&^before&^taintModule != 0 {
		t.Errorf("the kernel got tainted: %#x before, %#x now", before, after)
	}
}

// kernelLog starts to read the kernel's log; the function that it gives returns what was logged since.
func kernelLog(t *testing.T) func() string {
	t.Helper()
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal("/dev/kmsg:", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if _, err := unix.Seek(fd, 0, 2); err != nil {
		t.Fatal("/dev/kmsg:", err)
	}
	return func() string {
		var log strings.Builder
		record := make([]byte, 8192)
		for {
			n, err := unix.Read(fd, record)
			switch {
			case errors.Is(err, unix.EPIPE): // overrun: older records are lost
				continue
			case err != nil:
				return log.String()
			}
			log.Write(record[:n])
		}
	}
}
