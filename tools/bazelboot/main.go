// SPDX-License-Identifier: Apache-2.0

// Command bazelboot puts a Bazel together from Debian packages and Go modules
// in a folder of its own. tools/bazel runs it on a machine that has none; see
// `tools/bazel --bootstrap-help`.
package main

import (
	"os"

	"github.com/tidelock/tidelock/tools/bazelboot/boot"
)

func main() {
	os.Exit(boot.Main(os.Args[1:], os.Stdout, os.Stderr))
}
