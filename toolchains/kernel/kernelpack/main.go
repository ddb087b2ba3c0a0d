// SPDX-License-Identifier: Apache-2.0

// Command kernelpack turns a kernel header package into one archive that holds
// what building a network module needs and nothing else; see package pack.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/kernelpack/pack"
)

func main() {
	in := flag.String("in", "", "header package (.deb or .rpm)")
	out := flag.String("out", "", "archive to write (.tar.zst)")
	flag.Parse()
	if *in == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := pack.Package(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "kernelpack:", err)
		os.Exit(1)
	}
}
