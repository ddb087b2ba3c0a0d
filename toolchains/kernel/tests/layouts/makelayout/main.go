// SPDX-License-Identifier: Apache-2.0

// Command makelayout makes header packages in the layouts of other
// distributions out of Debian's, with the real packagers; see package layout.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tidelock/tidelock/toolchains/kernel/tests/layouts/makelayout/layout"
)

func main() {
	var r layout.Request
	flag.StringVar(&r.Kind, "kind", "", "source, rpm, ubuntu-common or ubuntu-flavour")
	flag.StringVar(&r.Arch, "arch", "", "x86_64 or aarch64")
	flag.StringVar(&r.Release, "release", "", "the release that the kernel of the package has")
	flag.StringVar(&r.Compression, "compression", "zstd", "of the .rpm's payload: zstd, xz or gzip")
	flag.StringVar(&r.Source, "source", "", "linux-source package, or for other kinds what -kind=source made of it")
	flag.StringVar(&r.Headers, "headers", "", "Debian's header package of the flavour")
	flag.StringVar(&r.Common, "common", "", "Debian's header package that flavours share")
	flag.StringVar(&r.Kbuild, "kbuild", "", "Debian's package of the kernel's programs for -arch")
	flag.StringVar(&r.Packagers, "packagers", "", "tool root with rpmbuild and dpkg-deb")
	flag.StringVar(&r.Out, "out", "", "package to write")
	flag.Parse()
	if r.Kind == "" || r.Source == "" || r.Out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := layout.Make(r); err != nil {
		fmt.Fprintln(os.Stderr, "makelayout:", err)
		os.Exit(1)
	}
}
