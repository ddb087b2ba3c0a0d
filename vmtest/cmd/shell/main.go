// SPDX-License-Identifier: Apache-2.0

// Command shell is a shell in a virtual machine; see package shell.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/shell"
)

func main() {
	os.Exit(shell.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
