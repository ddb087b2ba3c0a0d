// SPDX-License-Identifier: Apache-2.0

package room

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// devices are those of the machine that programs may expect.
var devices = []string{"full", "null", "random", "urandom", "zero"}

// build makes the room and moves the process into it. The process is alone in its
// namespaces, so an error leaves nothing behind.
func (s *Spec) build() error {
	// What is mounted here stays here.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := mountNew("tmpfs", s.Root, "mode=755"); err != nil {
		return err
	}
	in := func(path string) string { return filepath.Join(s.Root, path) }
	for _, dir := range []string{"/dev", "/proc", "/tmp"} {
		if err := os.MkdirAll(in(dir), 0o755); err != nil {
			return err
		}
	}
	if err := mountNew("proc", in("/proc"), ""); err != nil {
		return err
	}
	if err := mountNew("tmpfs", in("/tmp"), "mode=1777"); err != nil {
		return err
	}
	for _, name := range devices {
		if _, err := os.Stat("/dev/" + name); errors.Is(err, os.ErrNotExist) {
			continue // a machine that is itself a sandbox
		}
		if err := bind(Bind{From: "/dev/" + name, To: in("/dev/" + name), Writable: true}); err != nil {
			return err
		}
	}
	if err := os.Mkdir(in("/dev/shm"), 0o755); err != nil {
		return err
	}
	if err := mountNew("tmpfs", in("/dev/shm"), "mode=1777"); err != nil {
		return err
	}
	links := map[string]string{
		"/dev/fd":     "/proc/self/fd",
		"/dev/stdin":  "/proc/self/fd/0",
		"/dev/stdout": "/proc/self/fd/1",
		"/dev/stderr": "/proc/self/fd/2",
	}
	for link, target := range s.Links {
		links[link] = target
	}
	for link, target := range links {
		if err := os.MkdirAll(filepath.Dir(in(link)), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, in(link)); err != nil {
			return err
		}
	}
	for _, b := range s.Binds {
		b.To = in(b.To)
		if err := bind(b); err != nil {
			return err
		}
	}
	return s.moveIn()
}

// moveIn makes the room the root, and lets go of the machine's.
func (s *Spec) moveIn() error {
	if err := os.Chdir(s.Root); err != nil {
		return err
	}
	// With both names the same, the old root comes to lie over the new one.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("make %s the root: %w", s.Root, err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	return nil
}

// mountNew mounts a new file system of a kind.
func mountNew(kind, dir, options string) error {
	if err := unix.Mount(kind, dir, kind, unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", kind, dir, err)
	}
	return nil
}

// bind shows a file or folder of the machine at a place that is made for it.
func bind(b Bind) error {
	info, err := os.Stat(b.From)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(b.To, 0o755)
	} else {
		if err = os.MkdirAll(filepath.Dir(b.To), 0o755); err == nil {
			err = os.WriteFile(b.To, nil, 0o644)
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(b.From, b.To, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("show %s as %s: %w", b.From, b.To, err)
	}
	if b.Writable {
		return nil
	}
	// Flags that the machine's mount has may not be taken off by a user namespace.
	var fs unix.Statfs_t
	if err := unix.Statfs(b.To, &fs); err != nil {
		return fmt.Errorf("statfs %s: %w", b.To, err)
	}
	flags := uintptr(unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY)
	for _, flag := range []struct{ st, ms uintptr }{
		{unix.ST_NODEV, unix.MS_NODEV},
		{unix.ST_NOEXEC, unix.MS_NOEXEC},
		{unix.ST_NOSUID, unix.MS_NOSUID},
		{unix.ST_NOATIME, unix.MS_NOATIME},
		{unix.ST_NODIRATIME, unix.MS_NODIRATIME},
		{unix.ST_RELATIME, unix.MS_RELATIME},
	} {
		if uintptr(fs.Flags)&flag.st != 0 {
			flags |= flag.ms
		}
	}
	if err := unix.Mount("", b.To, "", flags, ""); err != nil {
		return fmt.Errorf("make %s read-only: %w", b.To, err)
	}
	return nil
}
