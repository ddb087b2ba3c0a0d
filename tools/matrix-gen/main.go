// SPDX-License-Identifier: Apache-2.0

// Command matrix-gen turns crawls of Linux distributions into build matrices
// and into the lock of the kernels that Tidelock builds for.
package main

import (
	"fmt"
	"os"

	"github.com/tidelock/tidelock/tools/matrix-gen/cli"
	"github.com/tidelock/tidelock/tools/workspace"
)

func main() {
	if err := workspace.EnterCaller(); err != nil {
		fmt.Fprintln(os.Stderr, "matrix-gen:", err)
		os.Exit(1)
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
