// SPDX-License-Identifier: Apache-2.0

// Command kernelbuild builds a kernel from packed sources and fragments of a
// configuration; see package image.
package main

import (
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/kernelbuild/image"
	"github.com/tidelock/tidelock/tools/strictjson"
)

const usage = `usage: kernelbuild REQUEST.json            build the kernel
       kernelbuild REQUEST.json REFUSAL   prove that it is refused, and write why`

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "kernelbuild:", err)
		os.Exit(1)
	}
}

func run(file string, refusal []string) error {
	var r image.Request
	if err := strictjson.ReadFile(file, &r); err != nil {
		return err
	}
	if len(refusal) == 0 {
		return image.Build(r)
	}
	text, err := image.Refusal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(refusal[0], []byte(text), 0o644)
}
