// SPDX-License-Identifier: Apache-2.0

// Command mkinitramfs writes the root file system of a VM test's guest.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/initramfs"
)

func main() {
	os.Exit(initramfs.Main(os.Args, os.Stderr))
}
