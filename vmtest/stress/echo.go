// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// patience is how long a socket waits before a request counts as lost, in
// seconds. A guest with checkers, on an emulated CPU, is slow.
const patience = 30

// payload goes to and fro.
var payload = bytes.Repeat([]byte("0123456789abcde\n"), 256)

// Echo listens on the loopback of the calling thread's network namespace,
// connects, and sends some kilobytes to and fro. family is unix.AF_INET or
// unix.AF_INET6. The sockets are blocking and known to nobody else, so that
// nothing stands between the caller and the kernel.
func Echo(family int) error {
	var addr unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if family == unix.AF_INET6 {
		addr = &unix.SockaddrInet6{Addr: [16]byte{15: 1}}
	}
	listener, bound, err := listen(family, addr)
	if err != nil {
		return err
	}
	defer unix.Close(listener)
	client, err := connect(family, bound)
	if err != nil {
		return err
	}
	defer unix.Close(client)
	return exchange(listener, client)
}

// stream makes a socket that gives up some day.
func stream(family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	limit := unix.Timeval{Sec: patience}
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &limit); err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("setsockopt: %w", err)
		}
	}
	return fd, nil
}

// listen makes a listener at a free port and says where it is.
func listen(family int, addr unix.Sockaddr) (int, unix.Sockaddr, error) {
	fd, err := stream(family)
	if err != nil {
		return -1, nil, err
	}
	if err = unix.Bind(fd, addr); err != nil {
		err = fmt.Errorf("bind: %w", err)
	} else if err = unix.Listen(fd, 8); err != nil {
		err = fmt.Errorf("listen: %w", err)
	} else if addr, err = unix.Getsockname(fd); err != nil {
		err = fmt.Errorf("getsockname: %w", err)
	}
	if err != nil {
		unix.Close(fd)
		return -1, nil, err
	}
	return fd, addr, nil
}

// connect needs nobody to accept yet: the listener's queue is enough.
func connect(family int, to unix.Sockaddr) (int, error) {
	fd, err := stream(family)
	if err != nil {
		return -1, err
	}
	for {
		err = unix.Connect(fd, to)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil && !errors.Is(err, unix.EISCONN) {
		unix.Close(fd)
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

// exchange accepts one connection and sends the payload there and back.
func exchange(listener, client int) error {
	server, _, err := again(func() (int, unix.Sockaddr, error) {
		return unix.Accept4(listener, unix.SOCK_CLOEXEC)
	})
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	defer unix.Close(server)
	limit := unix.Timeval{Sec: patience}
	if err := unix.SetsockoptTimeval(server, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return fmt.Errorf("setsockopt: %w", err)
	}
	buf := make([]byte, len(payload))
	for _, way := range []struct {
		name     string
		from, to int
	}{{"request", client, server}, {"answer", server, client}} {
		// The payload fits into the socket's buffers, so one thread plays both ends.
		clear(buf)
		if err := writeAll(way.from, payload); err != nil {
			return fmt.Errorf("%s: write: %w", way.name, err)
		}
		if err := readAll(way.to, buf); err != nil {
			return fmt.Errorf("%s: read: %w", way.name, err)
		}
		if !bytes.Equal(buf, payload) {
			return fmt.Errorf("%s: it arrived changed", way.name)
		}
	}
	return nil
}

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, _, err := again(func() (int, struct{}, error) {
			n, err := unix.Write(fd, b)
			return n, struct{}{}, err
		})
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func readAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, _, err := again(func() (int, struct{}, error) {
			n, err := unix.Read(fd, b)
			return n, struct{}{}, err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the connection ended with %d bytes to come", len(b))
		}
		b = b[n:]
	}
	return nil
}

// again repeats a system call that a signal of the Go runtime interrupted.
func again[T any](call func() (int, T, error)) (int, T, error) {
	for {
		n, v, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, v, err
		}
	}
}
