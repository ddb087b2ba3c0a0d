// SPDX-License-Identifier: Apache-2.0

// Command source packs of a kernel's source package what kernels for virtual
// machines are built from; see package pack.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/tidelock/tidelock/toolchains/kernel/source/pack"
)

func main() {
	r := pack.Request{Keep: pack.ForVM, Skip: map[string]string{}}
	flag.StringVar(&r.In, "in", "", "source package (linux-source-*.deb, or a kernel's .src.rpm)")
	flag.StringVar(&r.Top, "top", "", "folder of the sources in the archive")
	flag.StringVar(&r.Out, "out", "", "archive to write (.tar.zst)")
	flag.StringVar(&r.Tarball, "tarball", "", "the sources' archive in an .src.rpm, where it is not linux-VERSION.tar*")
	flag.Func("skip-patch", "`NAME=REASON` of a patch in an .src.rpm that is not applied; may be repeated", func(s string) error {
		name, reason, _ := strings.Cut(s, "=")
		r.Skip[name] = reason
		return nil
	})
	flag.Parse()
	if r.In == "" || r.Top == "" || r.Out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := r.Pack(); err != nil {
		fmt.Fprintln(os.Stderr, "source:", err)
		os.Exit(1)
	}
}
