// SPDX-License-Identifier: Apache-2.0

// Command vmnetrun runs one test of several VMs on a network; see package runner.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/runner"
)

func main() {
	os.Exit(runner.NetMain(os.Args, os.Stdout, os.Stderr))
}
