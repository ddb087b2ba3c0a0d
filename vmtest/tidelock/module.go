// SPDX-License-Identifier: Apache-2.0

// Package tidelock handles the kernel module from inside a guest: it loads and
// unloads it, and asks it everything that can be asked. What the tests of the
// module share is here.
package tidelock

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
)

// Names of the module and of the files that it shows.
const (
	ModuleName      = "tidelock"
	HealthPath      = "/sys/module/tidelock/health"
	ConnectionsPath = "/proc/tidelock/connections"
)

// Insert loads the module that lies at path. The error wraps the kernel's.
func Insert(path string) error { return kernel.Insert(path) }

// InsertFile loads the module that is open: one system call.
func InsertFile(f *os.File) error { return kernel.InsertFile(f) }

// Remove unloads the module. Something may hold it for the moment of a system
// call, so it tries for ten seconds.
func Remove() error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := unix.DeleteModule(ModuleName, unix.O_NONBLOCK)
		if !errors.Is(err, unix.EAGAIN) || time.Now().After(deadline) {
			if err != nil {
				return fmt.Errorf("rmmod %s: %w", ModuleName, err)
			}
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// CheckGone finds what an unloaded module left behind.
func CheckGone() error {
	var found []error
	for _, path := range []string{"/sys/module/" + ModuleName, "/proc/" + ModuleName} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			found = append(found, fmt.Errorf("%s is there without the module (%v)", path, err))
		}
	}
	return errors.Join(found...)
}
