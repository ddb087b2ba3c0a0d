// SPDX-License-Identifier: Apache-2.0

// Package applets is the userland of a guest's shell: many small programs in one,
// which does what the name says by which it is called. Most come from u-root;
// written here is only what u-root has no library of.
package applets

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/u-root/u-root/pkg/core"
	"github.com/u-root/u-root/pkg/core/base64"
	"github.com/u-root/u-root/pkg/core/cat"
	"github.com/u-root/u-root/pkg/core/chmod"
	"github.com/u-root/u-root/pkg/core/cp"
	"github.com/u-root/u-root/pkg/core/find"
	"github.com/u-root/u-root/pkg/core/gzip"
	"github.com/u-root/u-root/pkg/core/ls"
	"github.com/u-root/u-root/pkg/core/mkdir"
	"github.com/u-root/u-root/pkg/core/mktemp"
	"github.com/u-root/u-root/pkg/core/mv"
	"github.com/u-root/u-root/pkg/core/rm"
	"github.com/u-root/u-root/pkg/core/shasum"
	"github.com/u-root/u-root/pkg/core/tar"
	"github.com/u-root/u-root/pkg/core/touch"
	"github.com/u-root/u-root/pkg/core/xargs"

	"github.com/tidelock/tidelock/vmtest/sh"
)

// streams are what a program reads and writes.
type streams struct {
	in       *os.File
	out, err io.Writer
}

// applet is one program: how it is called, and what it does. A failure is
// returned; the caller writes it down and makes it exit status 1.
type applet struct {
	usage string
	run   func(s streams, args []string) error
}

// uRoot lists the programs that are u-root's.
var uRoot = map[string]func() core.Command{
	"base64": base64.New,
	"cat":    cat.New,
	"chmod":  chmod.New,
	"cp":     cp.New,
	"find":   find.New,
	"gunzip": func() core.Command { return gzip.New("gunzip") },
	"gzip":   func() core.Command { return gzip.New("gzip") },
	"ls":     ls.New,
	"mkdir":  mkdir.New,
	"mktemp": mktemp.New,
	"mv":     mv.New,
	"rm":     rm.New,
	"shasum": shasum.New,
	"tar":    tar.New,
	"touch":  touch.New,
	"xargs":  xargs.New,
}

// own lists the programs that are written here.
var own = map[string]applet{
	"dmesg":  {"dmesg: writes the kernel's log", dmesg},
	"grep":   {"grep [-i] [-v] [-c] PATTERN [FILE...]: writes the lines that match", grep},
	"head":   {"head [-n LINES] [FILE...]: writes the first lines", head},
	"insmod": {"insmod FILE.ko [NAME=VALUE...]: loads a module", insmod},
	"kill":   {"kill [-SIGNAL] PROCESS...: sends a signal", kill},
	"lsmod":  {"lsmod: lists loaded modules", lsmod},
	"mount":  {"mount [-t TYPE [-o OPTIONS] SOURCE FOLDER]: mounts a file system, or lists them", mount},
	"ps":     {"ps: lists processes", ps},
	"rmmod":  {"rmmod MODULE...: unloads modules", rmmod},
	"sleep":  {"sleep SECONDS|DURATION: waits", sleep},
	"sysctl": {"sysctl NAME[=VALUE]...: reads or sets settings of the kernel", sysctl},
	"tail":   {"tail [-n LINES] [FILE...]: writes the last lines", tail},
	"umount": {"umount FOLDER...: unmounts", umount},
	"uname":  {"uname [-a] [-r] [-m]: says what the kernel is", uname},
	"wc":     {"wc [-clw] [FILE...]: counts lines, words and bytes", wc},
}

// shells are the names of the shell.
var shells = []string{"sh", "bash"}

// Names lists every program, sorted.
func Names() []string {
	names := slices.Concat(slices.Collect(maps.Keys(uRoot)), slices.Collect(maps.Keys(own)), shells)
	slices.Sort(names)
	return names
}

const usage = `Usage: uroot PROGRAM [ARGUMENT...], or PROGRAM [ARGUMENT...] through a link of that name

Exit status: 0 done, 1 failed, 2 wrong usage.

Programs: %s
`

// Main runs the program that args[0] names, or args[1] where that is no program's
// name. It returns the exit status.
func Main(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	name := path.Base(args[0])
	if !slices.Contains(Names(), name) {
		if len(args) > 1 && args[1] == "--help" {
			fmt.Fprintf(stdout, usage, strings.Join(Names(), " "))
			return 0
		}
		if len(args) < 2 || !slices.Contains(Names(), args[1]) {
			fmt.Fprintf(stderr, usage, strings.Join(Names(), " "))
			return 2
		}
		args = args[1:]
		name = args[0]
	}
	if slices.Contains(shells, name) {
		return sh.Main(args, stdin, stdout, stderr)
	}
	var err error
	if start, ok := uRoot[name]; ok {
		c := start()
		c.SetIO(stdin, stdout, stderr)
		err = c.Run(args[1:]...)
	} else {
		a := own[name]
		if len(args) == 2 && args[1] == "--help" {
			fmt.Fprintf(stdout, "Usage: %s\n", a.usage)
			return 0
		}
		err = a.run(streams{stdin, stdout, stderr}, args[1:])
		if _, wrong := err.(usageError); wrong {
			fmt.Fprintf(stderr, "%s: %v\nUsage: %s\n", name, err, a.usage)
			return 2
		}
	}
	switch {
	case err == errSilent:
		return 1
	case err != nil:
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// usageError is a mistake on the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// errSilent makes exit status 1 without a word.
var errSilent = fmt.Errorf("nothing found")
