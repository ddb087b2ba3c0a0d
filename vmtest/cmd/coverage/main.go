// SPDX-License-Identifier: Apache-2.0

// Command coverage says what tests in virtual machines run of the driver.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/coverage/cli"
)

func main() {
	os.Exit(cli.Main(os.Args, os.Stdout, os.Stderr))
}
