// SPDX-License-Identifier: Apache-2.0

package kimage

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

const usage = `Usage: kimage -release UNAME-R -image OUT -modules-dir OUT [-modules a,b?] PACKAGE.deb...

Takes the kernel image, and the named modules with what they depend on, out of a
distribution's packages. A name with a question mark may be absent.
Exit status: 0 done, 1 failed, 2 wrong usage.

Flags:
`

// Main is the program kimage; it returns the exit status.
func Main(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("kimage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var r Request
	flags.StringVar(&r.Release, "release", "", "the kernel's uname -r")
	flags.StringVar(&r.Image, "image", "", "file to write the kernel image to")
	flags.StringVar(&r.ModulesDir, "modules-dir", "", "folder to write the modules and modules.json to")
	modules := flags.String("modules", "", "names of modules, separated by commas")
	switch err := flags.Parse(args[1:]); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case r.Release == "" || r.Image == "" || r.ModulesDir == "" || flags.NArg() == 0:
		fmt.Fprintln(stderr, "kimage: -release, -image, -modules-dir and at least one package are needed; see --help")
		return 2
	}
	if *modules != "" {
		r.Modules = strings.Split(*modules, ",")
	}
	r.Packages = flags.Args()
	if err := Extract(r); err != nil {
		fmt.Fprintf(stderr, "kimage: %v\n", err)
		return 1
	}
	return 0
}
