// SPDX-License-Identifier: Apache-2.0

// Command init is PID 1, /sbin/modprobe and /sbin/vmtest-barrier of a VM test's guest.
package main

import (
	"os"
	"path"

	"github.com/tidelock/tidelock/vmtest/guest"
	"github.com/tidelock/tidelock/vmtest/wire"
)

func main() {
	switch path.Base(os.Args[0]) {
	case "modprobe":
		os.Exit(guest.Modprobe(os.Args[1:]))
	case guest.StackHolder:
		guest.HoldStack()
		return
	case path.Base(wire.BarrierTool):
		os.Exit(guest.Barrier(os.Args[1:], os.Stderr))
	}
	guest.Main()
}
