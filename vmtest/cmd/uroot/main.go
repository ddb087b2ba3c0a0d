// SPDX-License-Identifier: Apache-2.0

// Command uroot is the shell of a guest and its programs, in one; see package applets.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/applets"
)

func main() {
	os.Exit(applets.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
