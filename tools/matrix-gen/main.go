// SPDX-License-Identifier: Apache-2.0

// Command matrix-gen turns crawls of Linux distributions into build matrices
// and into the lock of the kernels that Tidelock builds for.
package main

import (
	"os"

	"github.com/tidelock/tidelock/tools/matrix-gen/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
