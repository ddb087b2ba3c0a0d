// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"syscall"

	"github.com/tidelock/tidelock/vmtest/wire"
	"golang.org/x/sys/unix"
)

// defaultEnv is what a program finds in its environment besides what the
// configuration adds.
var defaultEnv = []string{
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"TMPDIR=/tmp",
	"TERM=dumb",
	"LANG=C.UTF-8",
	"TIDELOCK_VM=1",
}

// maxPiece bounds the text of one output event.
const maxPiece = 16 << 10

// runner starts programs and passes on what they print. killRest ends what a
// program leaves behind; only PID 1 may do that to a whole machine.
type runner struct {
	send     func(wire.Event) error
	killRest func()
	peers    *peers // nil in a guest that is alone
	// terminal opens the person's terminal, for a guest with a shell.
	terminal func(params map[string]string) (*os.File, error)
}

// run runs one program to its end and returns its exit status as a shell would
// say it: 128 plus the signal's number for a program that a signal ended.
func (r *runner) run(p wire.Program, env []string) (int, error) {
	if err := r.send(wire.Event{Type: wire.TypeProgram, Program: p.Name}); err != nil {
		return 0, err
	}
	status, signal, err := r.spawn(p, env)
	ev := wire.Event{Type: wire.TypeExit, Program: p.Name, Exit: status, Signal: signal, Stopped: r.peers.ended()}
	if err != nil {
		ev.Exit, ev.Error = 127, err.Error()
	}
	if ev.Stopped && ev.Signal == "SIGTERM" {
		// It ended as it was asked to.
		return 0, r.send(ev)
	}
	return ev.Exit, r.send(ev)
}

func (r *runner) spawn(p wire.Program, env []string) (int, string, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return 0, "", fmt.Errorf("pipe: %v", err)
	}
	out := os.NewFile(uintptr(pipe[0]), "output")
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		unix.Close(pipe[1])
		return 0, "", err
	}
	defer null.Close()
	// Not os/exec: init must also reap what is not its own child, and two
	// waiters for one process steal each other's answers.
	pid, err := syscall.ForkExec(p.Path, append([]string{p.Path}, p.Args...), &syscall.ProcAttr{
		Dir:   workDir(p),
		Env:   append(append(cloneEnv(defaultEnv), env...), p.Env...),
		Files: []uintptr{null.Fd(), uintptr(pipe[1]), uintptr(pipe[1])},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	unix.Close(pipe[1])
	if err != nil {
		return 0, "", fmt.Errorf("start %s: %v", p.Path, err)
	}
	r.peers.began(pid)
	copied := make(chan error, 1)
	go func() { copied <- r.copyOutput(p.Name, out) }()
	ws, err := waitFor(pid)
	// A daemon that the program left running holds the pipe open.
	r.killRest()
	if cerr := <-copied; err == nil {
		err = cerr
	}
	if err != nil {
		return 0, "", err
	}
	if ws.Signaled() {
		return 128 + int(ws.Signal()), unix.SignalName(ws.Signal()), nil
	}
	return ws.ExitStatus(), "", nil
}

// cloneEnv copies a list, so that append never writes into a shared array.
func cloneEnv(s []string) []string { return append([]string(nil), s...) }

// workDir is the folder of the program: Go tests look for testdata there.
func workDir(p wire.Program) string { return cmp.Or(p.Dir, path.Dir(p.Path)) }

// copyOutput sends what comes from the program, whole lines where possible.
func (r *runner) copyOutput(name string, out *os.File) error {
	var pending []byte
	buf := make([]byte, maxPiece)
	flush := func(n int) error {
		ev := wire.Event{Type: wire.TypeOutput, Program: name}
		ev.SetData(pending[:n])
		pending = append(pending[:0], pending[n:]...)
		return r.send(ev)
	}
	for {
		n, err := out.Read(buf)
		pending = append(pending, buf[:n]...)
		if end := bytes.LastIndexByte(pending, '\n') + 1; end > 0 {
			if err := flush(end); err != nil {
				return err
			}
		}
		for len(pending) >= maxPiece {
			if err := flush(maxPiece); err != nil {
				return err
			}
		}
		if err != nil {
			if len(pending) > 0 {
				return flush(len(pending))
			}
			return nil
		}
	}
}

// waitFor reaps every child that ends and returns when the given one has.
func waitFor(pid int) (syscall.WaitStatus, error) {
	for {
		var ws syscall.WaitStatus
		got, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait for process %d: %v", pid, err)
		case got == pid:
			return ws, nil
		}
	}
}
