// SPDX-License-Identifier: Apache-2.0

// Command test-summary counts the tests of a Bazel run from its build event
// file (--build_event_json_file) and prints "N passed, N failed" as its last line.
package main

import (
	"fmt"
	"os"

	"github.com/tidelock/tidelock/tools/test-summary/bep"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] == "--help" || os.Args[1] == "-h" {
		fmt.Fprintln(os.Stderr, "usage: test-summary EVENTS.json\n\nExit status: 0 all passed, 1 some failed or none ran, 2 the file cannot be read.")
		os.Exit(2)
	}
	f, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "test-summary:", err)
		os.Exit(2)
	}
	defer f.Close()
	r, err := bep.Read(f)
	if err != nil {
		fmt.Fprintf(os.Stderr, "test-summary: %s: %v\n", os.Args[1], err)
		os.Exit(2)
	}
	r.Print(os.Stdout)
	if r.Bad() {
		os.Exit(1)
	}
}
