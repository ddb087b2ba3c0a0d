// SPDX-License-Identifier: Apache-2.0

// Command vmrun runs one VM test; see package runner.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/runner"
)

func main() {
	os.Exit(runner.Main(os.Args, os.Stdout, os.Stderr))
}
