// SPDX-License-Identifier: Apache-2.0

// Command kbuild builds an external kernel module with the kernel's own build
// system, from packed headers and tool roots; see package build.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/build"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: kbuild REQUEST.json")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "kbuild:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r build.Request
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return build.Run(r)
}
