// SPDX-License-Identifier: Apache-2.0

// Command mkguestroot makes a layer of a VM test's guest out of Debian packages.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/guestroot"
)

func main() {
	os.Exit(guestroot.Main(os.Args, os.Stderr))
}
