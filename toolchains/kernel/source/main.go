// SPDX-License-Identifier: Apache-2.0

// Command source packs of a kernel's source package what kernels for virtual
// machines are built from; see package pack.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/source/pack"
)

func main() {
	in := flag.String("in", "", "source package (linux-source-*.deb)")
	top := flag.String("top", "", "folder of the sources in the archive")
	out := flag.String("out", "", "archive to write (.tar.zst)")
	flag.Parse()
	if *in == "" || *top == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := pack.Pack(*in, *out, *top, pack.ForVM); err != nil {
		fmt.Fprintln(os.Stderr, "source:", err)
		os.Exit(1)
	}
}
