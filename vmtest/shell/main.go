// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/tidelock/tidelock/tools/workspace"
	"github.com/tidelock/tidelock/vmtest/qemu"
)

// Main is the program shell; args[0] is its own name. It returns the exit status.
func Main(args []string, stdin, stdout *os.File, stderr io.Writer) int {
	o, err := parse(args[1:], stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case err != nil:
		fmt.Fprintf(stderr, "vmtest shell: %v; see --help\n", err)
		return 2
	}
	file, root := o.machine, cmp.Or(o.root, ".")
	var kernel *Kernel
	if o.machine == "" || o.list {
		table, err := readTable(cmp.Or(o.table, tableFile(args[0])))
		if err != nil {
			fmt.Fprintf(stderr, "vmtest shell: the table of kernels: %v\n", err)
			return 1
		}
		if o.list {
			return list(table, o, stdout, stderr)
		}
		if kernel, err = table.choose(o.kernel, o.arch); err != nil {
			fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
			return 2
		}
	}
	if !o.doExec && !o.dryRun && !(term.IsTerminal(int(stdin.Fd())) && term.IsTerminal(int(stdout.Fd()))) {
		fmt.Fprint(stderr, "vmtest shell: a dialogue needs a terminal; use --exec=COMMAND where there is none\n")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	if kernel != nil {
		top, err := workspace.Top()
		if err == nil {
			file, root, err = build(ctx, top, kernel.Key, o, stderr)
		}
		if err != nil {
			fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
			return 1
		}
	} else if err := workspace.EnterCaller(); err != nil {
		fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
		return 1
	}
	m, err := readMachine(file, root)
	if err != nil {
		fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
		return 1
	}
	return run(ctx, m, o, stdin, stdout, stderr)
}

// run starts the machine, or says how.
func run(ctx context.Context, m *Machine, o *options, stdin, stdout *os.File, stderr io.Writer) int {
	q, err := m.qemu(o, screenOf(stdout))
	if err != nil {
		fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
		return 2
	}
	if o.accel != qemu.TCG {
		cache := ""
		if d, err := os.UserCacheDir(); err == nil {
			cache = filepath.Join(d, "tidelock")
		}
		works, why := qemu.KVMWorks(ctx, q, cache)
		switch {
		case works:
			q.Accel = qemu.KVM
		case o.accel == qemu.KVM:
			fmt.Fprintf(stderr, "vmtest shell: --accel=kvm: KVM does not work here: %s\n", why)
			return 1
		}
	}
	if o.dryRun {
		if o.doExec {
			fmt.Fprintln(stdout, q.Command())
		} else {
			fmt.Fprintln(stdout, q.TerminalCommand())
		}
		return 0
	}
	if o.gdb {
		fmt.Fprintf(stderr, "vmtest shell: the machine waits for a debugger:\n  %s\n", m.gdbHint(o.gdbPort))
	}
	limit := o.timeout
	if limit == 0 && o.doExec && !o.gdb {
		limit = execLimit
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	if o.doExec {
		return command(ctx, q, stdout, stderr)
	}
	return dialogue(ctx, q, stdin, stdout, stderr)
}

func list(t *Table, o *options, stdout, stderr io.Writer) int {
	if !o.json {
		t.list(stdout, o.arch)
		return 0
	}
	own := *t
	own.Kernels = []Kernel{}
	for _, k := range t.Kernels {
		if o.arch == "" || k.Arch == o.arch {
			own.Kernels = append(own.Kernels, k)
		}
	}
	text, err := json.MarshalIndent(&own, "", "  ")
	if err != nil {
		fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s\n", text)
	return 0
}

// tableFile is where Bazel puts the table of kernels: among the program's runfiles.
func tableFile(program string) string {
	const name = "vmtest/kernels.table.json"
	for _, dir := range []string{program + ".runfiles/_main", "."} {
		if file := filepath.Join(dir, name); exists(file) {
			return file
		}
	}
	return name
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
