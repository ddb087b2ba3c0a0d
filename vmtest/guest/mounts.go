// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mountPoint is one file system that the guest's programs expect to find.
type mountPoint struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
	// optional: not every kernel has it, and a test that needs it will say so.
	optional bool
}

const noexec = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mountPoints in the order in which they are mounted: later ones lie in earlier ones.
var mountPoints = []mountPoint{
	{"proc", "/proc", "proc", noexec, "", false},
	{"sysfs", "/sys", "sysfs", noexec, "", false},
	{"devtmpfs", "/dev", "devtmpfs", unix.MS_NOSUID, "mode=0755", false},
	{"devpts", "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0620,ptmxmode=0666", true},
	{"tmpfs", "/dev/shm", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777", true},
	{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755", false},
	{"tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777", false},
	{"debugfs", "/sys/kernel/debug", "debugfs", noexec, "", true},
	{"tracefs", "/sys/kernel/tracing", "tracefs", noexec, "", true},
	{"cgroup2", "/sys/fs/cgroup", "cgroup2", noexec, "", true},
}

// links are the names in /dev that userland expects and the kernel does not make.
var links = map[string]string{
	"/dev/fd":     "/proc/self/fd",
	"/dev/stdin":  "/proc/self/fd/0",
	"/dev/stdout": "/proc/self/fd/1",
	"/dev/stderr": "/proc/self/fd/2",
}

// mountAll mounts everything and returns the first failure that matters.
func mountAll() error {
	for _, m := range mountPoints {
		// In proc, sysfs and their like the folder exists or it cannot be made.
		if err := os.MkdirAll(m.target, 0o755); err != nil && !m.optional {
			return fmt.Errorf("mount %s: %v", m.target, err)
		}
		err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.data)
		if err != nil && err != unix.EBUSY && !m.optional {
			return fmt.Errorf("mount %s of type %s: %v", m.target, m.fstype, err)
		}
	}
	for name, target := range links {
		if err := os.Symlink(target, name); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return nil
}
