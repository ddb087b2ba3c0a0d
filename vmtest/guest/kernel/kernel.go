// SPDX-License-Identifier: Apache-2.0

// Package kernel has what several programs of a guest ask of its kernel, each with
// little more than one system call: init must stay small.
package kernel

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Log is the kernel's log, as far as its buffer reaches back, with the level in front
// of each line. Only root may read it.
func Log() ([]byte, error) {
	size, err := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil)
	if err != nil {
		return nil, fmt.Errorf("kernel log: %w", err)
	}
	log := make([]byte, size)
	n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, log)
	if err != nil {
		return nil, fmt.Errorf("kernel log: %w", err)
	}
	return log[:n], nil
}

// Insert loads the module that lies at path, with parameters of the form name=value.
// The error wraps the kernel's.
func Insert(path string, parameters ...string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return InsertFile(f, parameters...)
}

// InsertFile is Insert for a module that is open: one system call.
func InsertFile(f *os.File, parameters ...string) error {
	if err := unix.FinitModule(int(f.Fd()), strings.Join(parameters, " "), 0); err != nil {
		return fmt.Errorf("load module %s: %w", f.Name(), err)
	}
	return nil
}

// SwitchOn switches an interface on, in the network namespace of the calling thread.
// The loopback gets its addresses by that.
func SwitchOn(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("interface %s: socket: %w", name, err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return fmt.Errorf("interface %s: switch on: %w", name, err)
	}
	return nil
}
