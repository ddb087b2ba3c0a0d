// SPDX-License-Identifier: Apache-2.0

// Command report makes a page of the results of VM tests; see package report.
package main

import (
	"os"

	"github.com/tidelock/tidelock/vmtest/report"
)

func main() {
	os.Exit(report.Main(os.Args, os.Stdout, os.Stderr))
}
