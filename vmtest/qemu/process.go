// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// End is how a QEMU process has ended.
type End struct {
	// Code is the exit code, or -1 when a signal ended the process.
	Code int
	// Signal is the signal's name, if one ended it.
	Signal string
	// Killed is true when we ended it.
	Killed bool
	// Stderr is what QEMU itself said.
	Stderr string
	// Lost is true when the process could not be reaped after SIGKILL: it hangs
	// in the kernel, as a broken /dev/kvm can make it.
	Lost bool
}

// grace is how long a killed process may take to disappear.
const grace = 5 * time.Second

// Run starts the machine and returns when it is gone. Every byte of its console
// and event ports is passed to console and events, each from a goroutine of its
// own, before Run returns. The machine ends when ctx does.
//
// The ports are socket pairs that QEMU inherits: no path, no length limit of a
// socket's path, no moment in which nobody listens, and back-pressure instead of
// loss when a reader is slow.
func (m *Machine) Run(ctx context.Context, console, events io.Writer) (End, error) {
	var files []*os.File // for QEMU; numbered from 3 there
	giveUp := func(err error) (End, error) {
		for _, f := range append(files, m.cable()...) {
			f.Close()
		}
		return End{}, err
	}
	conOurs, conTheirs, err := socketPair("console")
	if err != nil {
		return giveUp(err)
	}
	defer conOurs.Close()
	files = append(files, conTheirs)
	evOurs, evTheirs, err := socketPair("events")
	if err != nil {
		return giveUp(err)
	}
	defer evOurs.Close()
	files = append(files, evTheirs)
	args, err := m.Args(Chardevs{Console: "socket,fd=3", Events: "socket,fd=4", Network: "stream,addr.type=fd,addr.str=5"})
	if err != nil {
		return giveUp(err)
	}
	files = append(files, m.cable()...)
	var copies sync.WaitGroup
	pump := func(w io.Writer, r io.Reader) {
		copies.Go(func() {
			if _, err := io.Copy(w, r); err != nil {
				// Keep reading, or QEMU stands still: the writer knows its error.
				io.Copy(io.Discard, r)
			}
		})
	}
	end, err := run(ctx, m.program(), env(m.moduleDir()), args, files, func() {
		pump(console, conOurs)
		pump(events, evOurs)
		if m.Input != nil {
			// Not waited for: it ends when its reader does, or the guest.
			go io.Copy(evOurs, m.Input)
		}
	})
	if end.Lost {
		// The other ends stay open in a process that we cannot end.
		conOurs.Close()
		evOurs.Close()
	}
	copies.Wait()
	return end, err
}

// cable lists the machine's end of the network, if it has one.
func (m *Machine) cable() []*os.File {
	if m.Network == nil {
		return nil
	}
	return []*os.File{m.Network.Cable}
}

// env is QEMU's environment: what the caller has set in his own does not change a test.
func env(moduleDir string) []string {
	e := []string{"LC_ALL=C.UTF-8"}
	for _, name := range []string{"TMPDIR", "HOME"} {
		if v := os.Getenv(name); v != "" {
			e = append(e, name+"="+v)
		}
	}
	if moduleDir != "" {
		e = append(e, "QEMU_MODULE_DIR="+moduleDir)
	}
	return e
}

// run starts a program in a process group of its own, calls started, and waits
// until the program has ended by itself or because ctx has.
func run(ctx context.Context, program string, env, args []string, files []*os.File, started func()) (End, error) {
	var stderr tail
	cmd := exec.Command(program, args...)
	cmd.ExtraFiles = files
	cmd.Env = env
	cmd.Stderr = &stderr
	cmd.Stdout = &stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	return supervise(ctx, cmd, &stderr, files, started)
}

// supervise starts a command, calls started, and waits until the command has ended
// by itself or because ctx has. It closes files once the command has them.
func supervise(ctx context.Context, cmd *exec.Cmd, stderr *tail, files []*os.File, started func()) (End, error) {
	// A process that QEMU left behind must not keep us waiting for its output.
	cmd.WaitDelay = time.Second
	startErr := make(chan error, 1)
	ended := make(chan error, 1)
	go func() {
		// The death signal comes when the thread ends that started the process,
		// not when the program ends: this thread must live until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		for _, f := range files {
			f.Close()
		}
		startErr <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-startErr; err != nil {
		return End{}, fmt.Errorf("start QEMU: %w", err)
	}
	if started != nil {
		started()
	}
	var end End
	var waitErr error
	select {
	case waitErr = <-ended:
	case <-ctx.Done():
		end.Killed = true
		victim := cmd.Process.Pid
		if cmd.SysProcAttr.Setpgid {
			victim = -victim // the whole group
		}
		unix.Kill(victim, unix.SIGKILL)
		select {
		case waitErr = <-ended:
		case <-time.After(grace):
			end.Lost = true
			end.Code = -1
			end.Stderr = stderr.String()
			return end, nil
		}
	}
	end.Stderr = stderr.String()
	var exit *exec.ExitError
	switch {
	case waitErr == nil || errors.Is(waitErr, exec.ErrWaitDelay):
	case errors.As(waitErr, &exit):
		end.Code = exit.ExitCode()
		if ws, ok := exit.Sys().(interface {
			Signaled() bool
			Signal() unix.Signal
		}); ok && ws.Signaled() {
			end.Signal = unix.SignalName(ws.Signal())
		}
	default:
		return end, fmt.Errorf("wait for QEMU: %w", waitErr)
	}
	return end, nil
}

// socketPair returns two connected stream sockets: ours, and the one to inherit.
func socketPair(name string) (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair for the %s: %v", name, err)
	}
	// Room for a whole boot: the less often QEMU must wait, the better.
	unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
	// Non-blocking on our side only, so that Close wakes a reader.
	unix.SetNonblock(fds[0], true)
	return os.NewFile(uintptr(fds[0]), name), os.NewFile(uintptr(fds[1]), name), nil
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if over := t.buf.Len() - tailSize; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
