// SPDX-License-Identifier: Apache-2.0

// Command sourcefiles takes single files out of a kernel's packed sources; see
// package extract.
package main

import (
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/sourcefiles/extract"
)

func main() { os.Exit(extract.Main(os.Args, os.Stderr)) }
