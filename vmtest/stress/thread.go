// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/guest/kernel"
)

// thread is a thread of its own in a network namespace of its own. Both end with close.
type thread struct {
	calls chan func()
	ended chan struct{}
}

// newNamespace makes a thread in a new network namespace whose loopback is up.
func newNamespace() (*thread, error) {
	t := &thread{calls: make(chan func()), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		for call := range t.calls {
			call()
		}
	}()
	err := t.do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare a network namespace: %w", err)
		}
		return kernel.SwitchOn("lo")
	})
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// do runs a function on the thread.
func (t *thread) do(f func() error) error {
	result := make(chan error)
	t.calls <- func() { result <- f() }
	return <-result
}

// close ends the thread. Its namespace goes when nothing else is in it.
func (t *thread) close() {
	close(t.calls)
	<-t.ended
}

// control runs an ioctl for the interface on a socket of the calling thread's namespace.
func control(name string, request uint, fill func(*unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("interface %s: socket: %w", name, err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if err := fill(ifr); err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if err := unix.IoctlIfreq(fd, request, ifr); err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	return nil
}

// address gives an interface an IPv4 address, in a network of 24 bits.
func address(name string, ip [4]byte) error {
	for _, c := range []struct {
		request uint
		value   [4]byte
	}{{unix.SIOCSIFADDR, ip}, {unix.SIOCSIFNETMASK, [4]byte{255, 255, 255, 0}}} {
		err := control(name, c.request, func(ifr *unix.Ifreq) error { return ifr.SetInet4Addr(c.value[:]) })
		if err != nil {
			return err
		}
	}
	return nil
}
