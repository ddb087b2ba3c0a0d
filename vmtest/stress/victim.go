// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"golang.org/x/sys/unix"
)

// Victim is a thread whose requests may meet failing allocations, where faults
// are aimed at tasks. Everything else of the program stays unharmed: the Go
// runtime does not survive an mmap that fails.
type Victim struct {
	fd     int // /proc/thread-self/make-it-fail, or -1
	block  unix.Sigset_t
	before unix.Sigset_t
}

// NewVictim binds the calling goroutine to its thread for good. In a kernel
// without fault injection the victim lives as any other thread.
func NewVictim() (*Victim, error) {
	runtime.LockOSThread()
	fd, err := unix.Open("/proc/thread-self/make-it-fail", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Victim{fd: -1}, nil
	case err != nil:
		return nil, fmt.Errorf("make-it-fail: %w", err)
	}
	v := &Victim{fd: fd}
	for i := range v.block.Val {
		v.block.Val[i] = ^v.block.Val[i]
	}
	// What a thread does to itself cannot wait.
	for _, s := range []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGTRAP} {
		v.block.Val[0] &^= 1 << (s - 1)
	}
	return v, nil
}

// Do runs one request during which allocations of this thread may fail. The
// request should be a few system calls with memory that was written to already:
// a page that the kernel must make while it copies fails too, as EFAULT.
func (v *Victim) Do(request func() error) error {
	if v.fd < 0 {
		return request()
	}
	// A signal of the Go runtime wants a page for its stack, and the kernel ends
	// a program to which it cannot deliver one.
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &v.block, &v.before); err != nil {
		return fmt.Errorf("block signals: %w", err)
	}
	err := v.set(one)
	if err == nil {
		err = request()
		if cerr := v.set(zero); err == nil {
			err = cerr
		}
	}
	if cerr := unix.PthreadSigmask(unix.SIG_SETMASK, &v.before, nil); err == nil {
		err = cerr
	}
	return err
}

var one, zero = []byte("1"), []byte("0")

func (v *Victim) set(state []byte) error {
	if _, err := unix.Pwrite(v.fd, state, 0); err != nil {
		return fmt.Errorf("make-it-fail: %w", err)
	}
	return nil
}

// Close forgets the file; the thread ends with its goroutine.
func (v *Victim) Close() {
	if v.fd >= 0 {
		unix.Close(v.fd)
		v.fd = -1
	}
}
