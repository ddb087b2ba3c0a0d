// SPDX-License-Identifier: Apache-2.0

// Package qemu starts QEMU for VM tests: it renders a machine as a command line,
// keeps the process on a leash, and finds out whether KVM works here.
package qemu

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Architectures of guests.
const (
	X8664   = "x86_64"
	AArch64 = "aarch64"
)

// Accelerators.
const (
	TCG = "tcg"
	KVM = "kvm"
)

// Machine is one virtual machine.
type Machine struct {
	// Arch is the guest's architecture: x86_64 or aarch64.
	Arch string
	// Root is the folder in which QEMU is installed as a distribution does it, with
	// usr/bin, usr/share and usr/lib below it.
	Root string
	// Accel is tcg or kvm.
	Accel string
	// Kernel, Initrd and Append are what boots.
	Kernel, Initrd, Append string
	// MemoryMiB and CPUs are the machine's size.
	MemoryMiB, CPUs int
	// Firmware is UEFI, if it is to start the kernel.
	Firmware *Firmware
	// Network is the machine's network device, if it has one.
	Network *Network
	// Name tells machines apart that a person starts by hand together; empty for one
	// that is alone. Example: server
	Name string
	// Input goes to the guest through the event port; nil is nothing.
	Input io.Reader
	// Extra arguments stand at the end.
	Extra []string
}

// Network is a network device and the cable in it.
type Network struct {
	// MAC is the device's address. Example: 52:54:00:00:00:01
	MAC string
	// Cable is a connected stream socket, which QEMU inherits; Run closes it. Frames
	// go through it with four bytes of length before each.
	Cable *os.File
}

// Firmware is UEFI in two flash chips: the program and its variables, which the
// guest may write.
type Firmware struct{ Code, Vars string }

// board is what differs between architectures.
type board struct {
	program string
	machine map[string][]string // by accelerator
	append  string              // for the kernel's command line
	console string              // the kernel's name of the first serial port
	events  string              // the guest's name of the port for the events
	// eventDevice puts the second serial port into the machine. On x86 the second
	// -serial is ttyS1 at its old address; the virt board has only one UART for
	// normal use, so there it is a 16550 on PCI, for which every kernel in the
	// lock has the driver built in.
	eventDevice func(chardev string) []string
	// The same for a guest with firmware, which talks on the serial ports that it
	// finds; nil where it leaves the port above alone.
	firmwareEvents      string
	firmwareEventDevice func(chardev string) []string
}

var boards = map[string]board{
	X8664: {
		program: "qemu-system-x86_64",
		machine: map[string][]string{
			// -cpu max: without RDRAND old kernels wait long for randomness.
			TCG: {"-machine", "q35", "-cpu", "max"},
			KVM: {"-machine", "q35", "-cpu", "host"},
		},
		// At boot the kernel waits for ten timer ticks in a loop that is short in real
		// time, and panics without them ("IO-APIC + timer doesn't work!"). On a loaded
		// machine QEMU is too late; under KVM the kernel leaves the check out by itself.
		append:      "no_timer_check",
		console:     "ttyS0",
		events:      "ttyS1",
		eventDevice: func(c string) []string { return []string{"-serial", "chardev:" + c} },
		// The third of a PC's serial ports, which OVMF does not look for.
		firmwareEvents:      "ttyS2",
		firmwareEventDevice: func(c string) []string { return []string{"-device", "isa-serial,index=2,chardev=" + c} },
	},
	AArch64: {
		program: "qemu-system-aarch64",
		machine: map[string][]string{
			// pauth-impdef: the architected pointer authentication is very slow to emulate.
			TCG: {"-machine", "virt", "-cpu", "max,pauth-impdef=on"},
			KVM: {"-machine", "virt,gic-version=max", "-cpu", "host"},
		},
		console:     "ttyAMA0",
		events:      "ttyS0",
		eventDevice: func(c string) []string { return []string{"-device", "pci-serial,chardev=" + c} },
	},
}

// CheckArch reports whether there is a machine for guests of arch.
func CheckArch(arch string) error {
	_, err := boardOf(arch)
	return err
}

// program is the path of QEMU.
func (m *Machine) program() string {
	return filepath.Join(m.Root, "usr/bin", boards[m.Arch].program)
}

// dataDirs are where its firmware lies, as options.
func (m *Machine) dataDirs() []string {
	return []string{"-L", filepath.Join(m.Root, "usr/share/qemu"), "-L", filepath.Join(m.Root, "usr/share/seabios")}
}

// moduleDir has QEMU's own loadable parts, one of which is TCG in Debian's build.
// QEMU finds it by itself only when it is installed where it was built for.
func (m *Machine) moduleDir() string {
	found, err := filepath.Glob(filepath.Join(m.Root, "usr/lib/*-linux-gnu/qemu"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0]
}

func boardOf(arch string) (board, error) {
	b, ok := boards[arch]
	if !ok {
		return b, fmt.Errorf("qemu: no machine for architecture %q: it is x86_64 or aarch64", arch)
	}
	return b, nil
}

// Chardevs says where the two serial ports of a machine, and its cable, end on the
// build machine.
type Chardevs struct{ Console, Events, Network string }

// byHand are chardevs for a person who repeats a test in a terminal. Machines that
// were started in several terminals share a network that does not leave this machine.
var byHand = Chardevs{Console: "stdio", Events: "file,path=/tmp/vmtest-events.jsonl", Network: "socket,mcast=230.77.0.1:7700,localaddr=127.0.0.1"}

// Args renders the machine's arguments.
func (m *Machine) Args(c Chardevs) ([]string, error) {
	b, err := boardOf(m.Arch)
	if err != nil {
		return nil, err
	}
	model, ok := b.machine[m.Accel]
	if !ok {
		return nil, fmt.Errorf("qemu: no accelerator %q: it is tcg or kvm", m.Accel)
	}
	if m.MemoryMiB <= 0 || m.CPUs <= 0 {
		return nil, fmt.Errorf("qemu: a machine of %d MiB and %d CPUs cannot be", m.MemoryMiB, m.CPUs)
	}
	var args []string
	add := func(a ...string) { args = append(args, a...) }
	// Nothing that nobody asked for: no default devices, no user's configuration.
	add("-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot")
	add(m.dataDirs()...)
	add(model...)
	// One socket for each: the firmware's old table, which kernels without ACPI read,
	// knows sockets only, and such a kernel would run on one CPU.
	add("-accel", m.Accel, "-m", strconv.Itoa(m.MemoryMiB), "-smp", fmt.Sprintf("%d,sockets=%d", m.CPUs, m.CPUs))
	events, eventDevice := b.events, b.eventDevice
	if f := m.Firmware; f != nil {
		add("-drive", "if=pflash,unit=0,format=raw,readonly=on,file="+f.Code)
		add("-drive", "if=pflash,unit=1,format=raw,file="+f.Vars)
		if b.firmwareEventDevice != nil {
			events, eventDevice = b.firmwareEvents, b.firmwareEventDevice
		}
	}
	line := []string{
		"console=" + b.console + ",115200",
		// A dead kernel restarts at once, and -no-reboot makes that QEMU's end.
		"panic=-1", "oops=panic",
		"vmtest.events=" + events,
	}
	if b.append != "" {
		line = append(line, b.append)
	}
	if m.Append != "" {
		line = append(line, m.Append)
	}
	add("-kernel", m.Kernel, "-initrd", m.Initrd, "-append", strings.Join(line, " "))
	add("-chardev", with(c.Console, "console"), "-serial", "chardev:console")
	add("-chardev", with(c.Events, "events"))
	add(eventDevice("events")...)
	if n := m.Network; n != nil {
		add("-netdev", with(c.Network, "net0"))
		// Without an option ROM: nothing boots from this network.
		add("-device", "virtio-net-pci,netdev=net0,romfile=,mac="+n.MAC)
	}
	add(m.Extra...)
	return args, nil
}

// with gives a chardev or netdev its id, which stands after the name of the backend.
func with(chardev, id string) string {
	backend, options, found := strings.Cut(chardev, ",")
	if found {
		options = "," + options
	}
	return backend + ",id=" + id + options
}

// Command renders the machine as a shell command that a person can run: the same
// machine, with its console on the terminal.
func (m *Machine) Command() string {
	c := byHand
	if m.Name != "" {
		c.Events = "file,path=/tmp/vmtest-events." + m.Name + ".jsonl"
	}
	return m.command(c)
}

func (m *Machine) command(c Chardevs) string {
	args, err := m.Args(c)
	if err != nil {
		return err.Error()
	}
	var words []string
	if dir := m.moduleDir(); dir != "" {
		words = append(words, "QEMU_MODULE_DIR="+Quote(dir))
	}
	words = append(words, Quote(m.program()))
	for _, a := range args {
		words = append(words, Quote(a))
	}
	return strings.Join(words, " ")
}

// Quote quotes a word for a POSIX shell where it needs that.
func Quote(s string) string {
	plain := s != ""
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%", r) {
			plain = false
		}
	}
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
