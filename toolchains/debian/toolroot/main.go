// SPDX-License-Identifier: Apache-2.0

// Command toolroot unpacks Debian packages into a folder from which their
// programs run on any host; see package root.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/toolroot/root"
)

func main() {
	var o root.Options
	flag.StringVar(&o.Out, "out", "", "folder to make")
	flag.StringVar(&o.Launcher, "launcher", "", "launcher image; without it programs stay as packaged")
	flag.BoolVar(&o.KeepScripts, "keep-scripts", false, "leave scripts as they are")
	flag.Func("link", "NAME=TARGET: a further name for a file of the root (repeatable)", func(s string) error {
		name, target, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=TARGET", s)
		}
		o.Links = append(o.Links, root.Link{Name: name, Target: target})
		return nil
	})
	flag.Func("exclude", "path pattern to leave out (repeatable)", func(s string) error {
		o.Exclude = append(o.Exclude, strings.TrimPrefix(s, "/"))
		return nil
	})
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: toolroot -out DIR [-launcher FILE] [-exclude PATTERN ...] PACKAGE.deb ...")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.Packages = flag.Args()
	if o.Out == "" || len(o.Packages) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := root.Build(o); err != nil {
		fmt.Fprintln(os.Stderr, "toolroot:", err)
		os.Exit(1)
	}
}
