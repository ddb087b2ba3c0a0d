// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"context"
	"io"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// onTerminal are chardevs for a person: every key goes into the guest, but for
// Ctrl-A, which speaks to QEMU; events come as Run has them.
var onTerminal = Chardevs{Console: "stdio,mux=on,signal=off", Events: "socket,fd=3"}

// withMonitor lets Ctrl-A C reach QEMU's monitor.
func (m *Machine) withMonitor() *Machine {
	w := *m
	w.Extra = append([]string{"-mon", "chardev=console,mode=readline"}, m.Extra...)
	return &w
}

// RunOnTerminal starts the machine with its console on a terminal, and returns when
// the machine is gone. The terminal's settings are then what they were, however the
// machine has ended. Events are passed on as by Run.
func (m *Machine) RunOnTerminal(ctx context.Context, in, out *os.File, events io.Writer) (End, error) {
	args, err := m.withMonitor().Args(onTerminal)
	if err != nil {
		return End{}, err
	}
	ours, theirs, err := socketPair("events")
	if err != nil {
		return End{}, err
	}
	defer ours.Close()
	if old, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS); err == nil {
		defer unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, old)
	}
	var stderr tail
	cmd := exec.Command(m.program(), args...)
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Env = env(m.moduleDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &stderr
	// Not in a process group of its own: the terminal would stop it.
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	copied := make(chan struct{})
	end, err := supervise(ctx, cmd, &stderr, cmd.ExtraFiles, func() {
		go func() {
			defer close(copied)
			if _, err := io.Copy(events, ours); err != nil {
				io.Copy(io.Discard, ours)
			}
		}()
	})
	if err != nil {
		return end, err
	}
	if end.Lost {
		ours.Close()
	}
	<-copied
	return end, nil
}

// TerminalCommand renders what RunOnTerminal starts as a shell command; events go
// to a file.
func (m *Machine) TerminalCommand() string {
	return m.withMonitor().command(Chardevs{Console: onTerminal.Console, Events: byHand.Events})
}
