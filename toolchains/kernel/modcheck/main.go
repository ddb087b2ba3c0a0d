// SPDX-License-Identifier: Apache-2.0

// Command modcheck proves that a built module fits its kernel, and writes what
// a loader or a person wants to know of it; see package check.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/modcheck/check"
)

func main() {
	var e check.Expectation
	module := flag.String("module", "", "the .ko to check")
	out := flag.String("out", "", "JSON file to write")
	flag.StringVar(&e.Kernel, "kernel", "", "key of the kernel: distribution/arch/release")
	flag.StringVar(&e.Headers, "headers", "", "packed headers with Module.symvers")
	flag.StringVar(&e.TLS, "tls", "", "the kernel's CONFIG_TLS: y, m or n")
	flag.BoolVar(&e.Modversions, "modversions", false, "the kernel has CONFIG_MODVERSIONS")
	flag.Parse()
	if *module == "" || *out == "" || e.Kernel == "" || e.Headers == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*module, *out, e); err != nil {
		fmt.Fprintf(os.Stderr, "modcheck: %s: %v\n", *module, err)
		os.Exit(1)
	}
}

func run(module, out string, e check.Expectation) error {
	metadata, err := check.Module(module, e)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(metadata, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(data, '\n'), 0o644)
}
