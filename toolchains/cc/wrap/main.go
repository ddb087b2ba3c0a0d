// SPDX-License-Identifier: Apache-2.0

// Command wrap makes a single program file that runs a program of a tool root
// with arguments of its own before those it is given. Bazel's C rules name a
// tool by a file, and a program inside of a tool root is none.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/tidelock/tidelock/toolchains/debian/toolroot/root"
)

func main() {
	launcher := flag.String("launcher", "", "image built from launcher.c")
	out := flag.String("out", "", "program to write")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), `usage: wrap -launcher FILE -out FILE PROGRAM [ARGUMENT ...]

{dir} in PROGRAM and the arguments stands for the folder that the written
program lies in when it runs.`)
		flag.PrintDefaults()
	}
	flag.Parse()
	if *launcher == "" || *out == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := wrap(*launcher, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "wrap:", err)
		os.Exit(1)
	}
}

func wrap(launcher, out string, command []string) error {
	image, err := os.ReadFile(launcher)
	if err != nil {
		return err
	}
	args := make([]string, len(command))
	for i, a := range command {
		args[i] = strings.ReplaceAll(a, "{dir}", root.LauncherDir)
	}
	image, err = root.Configure(image, args)
	if err != nil {
		return fmt.Errorf("%s: %w", launcher, err)
	}
	return os.WriteFile(out, image, 0o755)
}
