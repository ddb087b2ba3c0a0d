// SPDX-License-Identifier: Apache-2.0

// Command test-summary counts the tests of Bazel runs from their build event
// files (--build_event_json_file) and prints "N passed, N failed" as its last line.
package main

import (
	"fmt"
	"os"

	"github.com/tidelock/tidelock/tools/test-summary/bep"
)

const usage = `usage: test-summary EVENTS.json ...

Exit status: 0 all passed, 1 some failed or in one of the runs none ran, 2 a file cannot be read.`

func main() {
	files := os.Args[1:]
	if len(files) == 0 || files[0] == "--help" || files[0] == "-h" {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	var runs []*bep.Results
	bad := false
	for _, name := range files {
		r, err := read(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "test-summary:", err)
			os.Exit(2)
		}
		bad = bad || r.Bad()
		runs = append(runs, r)
	}
	bep.Join(runs...).Print(os.Stdout)
	if bad {
		os.Exit(1)
	}
}

func read(name string) (*bep.Results, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := bep.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
