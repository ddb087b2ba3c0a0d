// SPDX-License-Identifier: Apache-2.0

// Command report makes a page of the results of VM tests; see package report.
package main

import (
	"fmt"
	"os"

	"github.com/tidelock/tidelock/tools/workspace"
	"github.com/tidelock/tidelock/vmtest/report"
)

func main() {
	if err := workspace.EnterCaller(); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	os.Exit(report.Main(os.Args[1:], os.Stdout, os.Stderr))
}
