// SPDX-License-Identifier: Apache-2.0

// Command init is PID 1 and /sbin/modprobe of a VM test's guest.
package main

import (
	"os"
	"path"

	"github.com/tidelock/tidelock/vmtest/guest"
)

func main() {
	if path.Base(os.Args[0]) == "modprobe" {
		os.Exit(guest.Modprobe(os.Args[1:]))
	}
	guest.Main()
}
