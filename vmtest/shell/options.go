// SPDX-License-Identifier: Apache-2.0

// Package shell gives a person a shell in a virtual machine with a kernel of choice.
// It has Bazel build the machine and runs QEMU on the person's terminal.
package shell

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/qemu"
)

const usage = `Usage: tools/bazel run //vmtest:shell -- [flags]

A shell in a virtual machine, with the kernel of choice, the module loaded and
programs to look at it. exit or Ctrl-D powers the machine off, Ctrl-C goes into it,
Ctrl-A X ends QEMU at once.

Exit status: what the guest's shell, or the command of --exec, ended with; 1 where
it could not end, 2 for wrong usage.

Flags:
`

// options are what the command line says.
type options struct {
	kernel, arch   string
	exec           string
	doExec         bool // an empty command is one too
	noModule       bool
	memory, cpus   int
	append         []string
	gdb            bool
	gdbPort        int
	accel          string
	timeout        time.Duration
	bootLog        bool
	list, json     bool
	dryRun         bool
	machine, root  string
	table          string
	buildOptions   []string
	startupOptions []string
	userland       string
}

// execLimit bounds a command where the person has set no limit.
const execLimit = 10 * time.Minute

// parse reads the command line. errUsage means that everything was said already.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("shell", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, usage)
		f.PrintDefaults()
	}
	var module bool
	list := func(name, help string, to *[]string) {
		f.Func(name, help, func(s string) error { *to = append(*to, s); return nil })
	}
	f.StringVar(&o.kernel, "kernel", "", "`distribution/arch/release` of the kernel; --list has all")
	f.StringVar(&o.arch, "arch", "", "x86_64 or aarch64: the newest cloud kernel of 6.12 for it")
	f.StringVar(&o.exec, "exec", "", "run this `command` instead of a dialogue, print what it prints, end with its exit status")
	f.BoolVar(&module, "module", true, "load the module at the start")
	f.BoolVar(&o.noModule, "no-module", false, "do not")
	f.IntVar(&o.memory, "memory", 0, "memory of the guest in `MiB` (default 512, with --userland 1024; debug kernels 512 more)")
	f.IntVar(&o.cpus, "cpus", 2, "`number` of the guest's processors")
	list("append", "`parameters` added to the kernel's command line; may be repeated", &o.append)
	f.BoolVar(&o.gdb, "gdb", false, "wait for a debugger before the first instruction, and switch KASLR off")
	f.IntVar(&o.gdbPort, "gdb-port", 1234, "TCP `port` on 127.0.0.1 for the debugger")
	f.StringVar(&o.userland, "userland", "", "further `programs` for the guest, such as curl,openssl; //vmtest/userland has them")
	f.StringVar(&o.accel, "accel", qemu.TCG, "`tcg`, auto (KVM where it works) or kvm")
	f.DurationVar(&o.timeout, "timeout", 0, "end the machine after this time, as 90s or 1h (default none, with --exec 10m)")
	f.BoolVar(&o.bootLog, "boot-log", false, "show the kernel's messages while it boots")
	f.BoolVar(&o.list, "list", false, "list the kernels and end")
	f.BoolVar(&o.json, "json", false, "with --list: as JSON")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the QEMU command and end")
	f.StringVar(&o.machine, "machine", "", "`file` that describes a machine, instead of building one")
	f.StringVar(&o.root, "root", "", "`folder` from which the machine's paths are taken")
	f.StringVar(&o.table, "table", "", "`file` with the table of kernels")
	list("build-option", "`option` for the build of the machine, as --disk_cache=…; may be repeated", &o.buildOptions)
	list("startup-option", "startup `option` of Bazel, as --output_base=…; may be repeated", &o.startupOptions)
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, errUsage
	}
	f.Visit(func(g *flag.Flag) { o.doExec = o.doExec || g.Name == "exec" })
	o.noModule = o.noModule || !module
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, o.check()
}

// errUsage stands for a mistake that the flags have told themselves.
var errUsage = errors.New("wrong usage")

func (o *options) check() error {
	if o.arch != "" {
		if err := qemu.CheckArch(o.arch); err != nil {
			return fmt.Errorf("--arch=%s: it is x86_64 or aarch64", o.arch)
		}
	}
	switch o.accel {
	case qemu.TCG, qemu.KVM, "auto":
	default:
		return fmt.Errorf("--accel=%s: it is tcg, auto or kvm", o.accel)
	}
	switch {
	case o.memory != 0 && o.memory < 64:
		return fmt.Errorf("--memory=%d: a guest needs 64 MiB and more", o.memory)
	case o.cpus < 1 || o.cpus > 64:
		return fmt.Errorf("--cpus=%d: 1 to 64", o.cpus)
	case o.gdbPort < 1 || o.gdbPort > 65535:
		return fmt.Errorf("--gdb-port=%d: 1 to 65535", o.gdbPort)
	case o.timeout < 0:
		return fmt.Errorf("--timeout=%v: is negative", o.timeout)
	case o.json && !o.list:
		return errors.New("--json goes with --list")
	case o.root != "" && o.machine == "":
		return errors.New("--root goes with --machine")
	case o.machine != "" && o.userland != "":
		return errors.New("--machine has its programs; --userland does not go with it")
	case o.machine != "" && (o.kernel != "" || o.arch != ""):
		return errors.New("--machine has its kernel; --kernel and --arch do not go with it")
	}
	for _, a := range o.append {
		if strings.ContainsAny(a, "\n\x00") {
			return fmt.Errorf("--append=%q: no line end can stand in the kernel's command line", a)
		}
	}
	return nil
}
