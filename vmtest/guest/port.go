// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// port is the serial port that carries the events. A second UART is used, and
// not a virtio port, because a UART needs no module on any kernel in the lock:
// the cloud flavours of 5.10 and 6.1 have all of virtio as modules, and the
// harness must be able to speak before it has loaded anything.
type port struct{ fd int }

// openPort opens the port raw: no echo, no translation of line ends.
func openPort(name string) (*port, error) {
	path := "/dev/" + name
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("event port %s: %v", path, err)
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("event port %s is not a serial port: %v", path, err)
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("event port %s: set raw mode: %v", path, err)
	}
	return &port{fd}, nil
}

// Write writes all of p; a serial port takes what fits into its buffer.
func (p *port) Write(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := unix.Write(p.fd, b[n:])
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil {
			return n, os.NewSyscallError("write event port", err)
		}
		n += m
	}
	return n, nil
}

// Read reads what the runner has sent; it waits until there is something.
func (p *port) Read(b []byte) (int, error) { return unix.Read(p.fd, b) }

// Drain waits until the last byte has left the port.
func (p *port) Drain() error {
	return os.NewSyscallError("drain event port", unix.IoctlSetInt(p.fd, unix.TCSBRK, 1))
}
