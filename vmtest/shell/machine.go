// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/tools/strictjson"
	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// Machine is what Bazel has built for a guest with a shell. Paths are relative to
// Bazel's execution root, or, without bazel-out/*/bin/, to a program's runfiles.
type Machine struct {
	Schema int `json:"schema"`
	// Kernel is <distribution>/<arch>/<release>.
	Kernel string `json:"kernel"`
	// Arch is x86_64 or aarch64.
	Arch string `json:"arch"`
	// Image and Initrd are what boots.
	Image  string `json:"image"`
	Initrd string `json:"initrd"`
	// QEMURoot is the folder in which QEMU is installed as a distribution does it.
	QEMURoot string `json:"qemu_root"`
	// Append is what the kernel wants on its command line.
	Append string `json:"append,omitempty"`
	// Vmlinux is the kernel with symbols, where there is one.
	Vmlinux string `json:"vmlinux,omitempty"`
	// Debug is true for a kernel that is built here, which needs more memory.
	Debug bool `json:"debug,omitempty"`
	// Missing says why the machine cannot be, where packages cannot be had; the
	// paths are empty then.
	Missing string `json:"missing,omitempty"`
}

// readMachine reads a machine; its paths lie below root.
func readMachine(file, root string) (*Machine, error) {
	m := &Machine{}
	if err := strictjson.ReadFile(file, m); err != nil {
		return nil, err
	}
	switch {
	case m.Schema != 1:
		return nil, fmt.Errorf("%s: schema is %d, and this program knows 1", file, m.Schema)
	case m.Missing != "":
		return nil, fmt.Errorf("there is no machine with %s: %s", m.Kernel, m.Missing)
	}
	if err := qemu.CheckArch(m.Arch); err != nil {
		return nil, fmt.Errorf("%s: arch: %v", file, err)
	}
	for name, p := range map[string]*string{"image": &m.Image, "initrd": &m.Initrd, "qemu_root": &m.QEMURoot, "vmlinux": &m.Vmlinux} {
		if *p == "" && name == "vmlinux" {
			continue
		}
		full, err := locate(root, *p)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %v", file, name, err)
		}
		*p = full
	}
	return m, nil
}

var outputs = regexp.MustCompile(`^bazel-out/[^/]+/bin/`)

// locate finds a file of the build below root.
func locate(root, name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("is empty")
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, p := range []string{name, outputs.ReplaceAllString(name, "")} {
		if full, err := filepath.Abs(filepath.Join(root, p)); err == nil {
			if _, err := os.Stat(full); err == nil {
				return full, nil
			}
		}
	}
	return "", fmt.Errorf("%s is not below %s; was the machine built, and its files downloaded?", name, root)
}

// maxCommandLine is COMMAND_LINE_SIZE of both architectures, with its final zero.
const maxCommandLine = 2048

// screen is the person's terminal.
type screen struct {
	rows, cols uint16
	term       string
}

// screenOf asks a terminal for its size.
func screenOf(tty *os.File) screen {
	s := screen{term: os.Getenv("TERM")}
	if size, err := unix.IoctlGetWinsize(int(tty.Fd()), unix.TIOCGWINSZ); err == nil {
		s.rows, s.cols = size.Row, size.Col
	}
	return s
}

var termName = regexp.MustCompile(`^[A-Za-z0-9+._-]+$`)

// qemu is the machine that the options ask for.
func (m *Machine) qemu(o *options, s screen) (*qemu.Machine, error) {
	var line []string
	if !o.bootLog || o.doExec {
		line = append(line, "quiet")
	}
	if o.noModule {
		line = append(line, wire.ParamModule+"=no")
	}
	if o.doExec {
		line = append(line, wire.ParamExec+"="+base64.RawURLEncoding.EncodeToString([]byte(o.exec)))
	} else {
		if s.rows > 0 && s.cols > 0 {
			line = append(line, fmt.Sprintf("%s=%d", wire.ParamRows, s.rows), fmt.Sprintf("%s=%d", wire.ParamCols, s.cols))
		}
		if termName.MatchString(s.term) {
			line = append(line, wire.ParamTerm+"="+s.term)
		}
	}
	q := &qemu.Machine{
		Arch: m.Arch, Root: m.QEMURoot, Accel: qemu.TCG, Kernel: m.Image, Initrd: m.Initrd,
		MemoryMiB: o.memory, CPUs: o.cpus,
	}
	if q.MemoryMiB == 0 {
		q.MemoryMiB = 512
		if m.Debug {
			q.MemoryMiB += 512
		}
		if o.userland != "" {
			// The archive is in memory twice while the kernel unpacks it.
			q.MemoryMiB += 512
		}
	}
	if o.gdb {
		// Symbols lie where the linker put them.
		line = append(line, "nokaslr")
		q.Extra = append(q.Extra, "-S", "-gdb", "tcp:127.0.0.1:"+strconv.Itoa(o.gdbPort))
	}
	if m.Append != "" {
		line = append(line, m.Append)
	}
	q.Append = strings.Join(append(line, o.append...), " ")
	args, err := q.Args(qemu.Chardevs{Console: "null", Events: "null"})
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if a == "-append" && len(args[i+1]) >= maxCommandLine {
			return nil, fmt.Errorf("the kernel's command line would have %d bytes, and %d fit; shorten --exec or --append", len(args[i+1]), maxCommandLine-1)
		}
	}
	return q, nil
}

// gdbHint is how a person starts the debugger.
func (m *Machine) gdbHint(port int) string {
	program := "gdb"
	if m.Vmlinux != "" {
		program += " " + qemu.Quote(m.Vmlinux)
	} else {
		program += fmt.Sprintf(" -ex 'set architecture %s'", map[string]string{qemu.X8664: "i386:x86-64", qemu.AArch64: "aarch64"}[m.Arch])
	}
	return fmt.Sprintf("%s -ex 'target remote 127.0.0.1:%d'", program, port)
}
