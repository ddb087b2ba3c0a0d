// SPDX-License-Identifier: Apache-2.0

// Command kbuild builds an external kernel module with the kernel's own build
// system, from packed headers and tool roots, or with -rebuild the programs of
// that build system itself; see package build.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/build"
)

func main() {
	rebuild := flag.Bool("rebuild", false, "the request is for the kernel's own programs, not for a module")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: kbuild [-rebuild] REQUEST.json")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	run := module
	if *rebuild {
		run = programs
	}
	if err := run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "kbuild:", err)
		os.Exit(1)
	}
}

func module(file string) error {
	var r build.Request
	if err := read(file, &r); err != nil {
		return err
	}
	return build.Run(r)
}

func programs(file string) error {
	var r build.RebuildRequest
	if err := read(file, &r); err != nil {
		return err
	}
	return build.Rebuild(r)
}

func read(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
