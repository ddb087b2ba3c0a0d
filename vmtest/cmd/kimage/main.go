// SPDX-License-Identifier: Apache-2.0

// Command kimage takes a kernel image and modules out of packages.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/kimage"
)

func main() {
	os.Exit(kimage.Main(os.Args, os.Stderr))
}
