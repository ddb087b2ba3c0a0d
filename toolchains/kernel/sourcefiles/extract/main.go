// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

const usage = `Usage: sourcefiles -in SOURCES.tar.zst -top FOLDER -out FOLDER FILE...

Takes files out of the packed sources of a kernel. FILE is relative to the kernel's
top folder, as is the file that is written below -out. Exit status: 0 all were there,
1 one was not or something failed, 2 wrong usage.

Flags:
`

// Main is the program sourcefiles; it returns the exit status.
func Main(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("sourcefiles", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	in := flags.String("in", "", "archive that //toolchains/kernel/source has written")
	top := flags.String("top", "", "folder of the sources in the archive")
	missing := flags.String("missing", "", "why there is no archive; said as an error in place of everything else")
	out := flags.String("out", "", "folder to write to")
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case *missing != "":
		fmt.Fprintf(stderr, "sourcefiles: the kernel's sources, of which %s is wanted, are not there: %s\n", strings.Join(flags.Args(), ", "), *missing)
		return 1
	case *in == "" || *out == "" || flags.NArg() == 0:
		fmt.Fprintln(stderr, "sourcefiles: -in, -out and at least one file are needed; see --help")
		return 2
	}
	if err := Files(*in, *top, *out, flags.Args()); err != nil {
		fmt.Fprintf(stderr, "sourcefiles: %v\n", err)
		return 1
	}
	return 0
}
