// SPDX-License-Identifier: Apache-2.0

// Command format brings every source of the tree into its one form, or tells
// which are not in it. `tools/bazel run //:format` runs it.
package main

import (
	"os"

	"github.com/tidelock/tidelock/tools/format/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
