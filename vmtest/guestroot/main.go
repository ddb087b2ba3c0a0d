// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `Usage: mkguestroot -arch ARCH -out FILE [flags] PACKAGE.deb...

Makes of Debian packages a layer of a VM test's guest: a newc cpio archive with
their files, in which every program finds its loader and its libraries.
Exit status: 0 done, 1 failed, 2 wrong usage.

Flags:
`

// Main is the program mkguestroot; it returns the exit status.
func Main(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("mkguestroot", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var o Options
	flags.StringVar(&o.Arch, "arch", "", "architecture of the guest: x86_64 or aarch64")
	flags.StringVar(&o.Base, "base", "", "setup that many layers share (JSON)")
	flags.StringVar(&o.Setup, "setup", "", "setup of this layer (JSON)")
	out := flags.String("out", "", "archive to write")
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case o.Arch == "" || *out == "" || flags.NArg() == 0:
		fmt.Fprintln(stderr, "mkguestroot: -arch, -out and at least one package are needed; see --help")
		return 2
	}
	o.Packages = flags.Args()
	var b bytes.Buffer
	err := Write(&b, o)
	if err == nil {
		err = os.WriteFile(*out, b.Bytes(), 0o644)
	}
	if err != nil {
		fmt.Fprintf(stderr, "mkguestroot: %v\n", err)
		return 1
	}
	return 0
}
