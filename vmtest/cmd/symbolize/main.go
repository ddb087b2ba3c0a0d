// SPDX-License-Identifier: Apache-2.0

// Command symbolize adds lines of source to a kernel's stack traces; see package
// symbolize.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/symbolize"
)

func main() {
	os.Exit(symbolize.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
