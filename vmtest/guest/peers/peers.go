// SPDX-License-Identifier: Apache-2.0

// Package peers is for programs that run in one of several guests of a test: it tells
// which one, and lets them wait for each other.
package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// Role is the name of this guest in the test, or "" in a guest that is alone. The
// names of all roles resolve to their addresses.
func Role() string { return os.Getenv("TIDELOCK_ROLE") }

// Barrier waits until every role of the test has come to the barrier of this name:
// up to 63 letters, digits, '-', '_' and '.'. A barrier is used once; who comes to it
// later does not wait.
//
// The error says why the others will not come: which role has failed, or has ended
// without the barrier. It comes as soon as that is known, so a program needs no time
// limit of its own.
func Barrier(ctx context.Context, name string) error { return barrier(ctx, wire.SyncSocket, name) }

func barrier(ctx context.Context, socket, name string) error {
	if !wire.ValidName(name) {
		return fmt.Errorf("barrier: %q is no name", name)
	}
	answer, err := ask(ctx, socket, name)
	switch {
	case err != nil:
		return fmt.Errorf("barrier %s: %w", name, errors.Join(ctx.Err(), err))
	case answer == "ok":
		return nil
	case strings.HasPrefix(answer, "error "):
		return fmt.Errorf("barrier %s: %s", name, answer[len("error "):])
	default:
		return fmt.Errorf("barrier %s: the answer is %q", name, answer)
	}
}

// maxAnswer bounds init's answer in bytes.
const maxAnswer = 64 << 10

// ask says the name to init and returns its answer. Init has this in it as well, as
// /sbin/vmtest-barrier, and package net would make it larger.
func ask(ctx context.Context, socket, name string) (string, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: socket}); err != nil {
		return "", fmt.Errorf("not in a guest of vm_net_test: %w", err)
	}
	// Shutdown wakes the Read below; fd must not be closed before it is through.
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { unix.Shutdown(fd, unix.SHUT_RDWR); close(woken) })
	defer func() {
		if !stop() {
			<-woken
		}
	}()
	if err := unix.Sendto(fd, []byte(name+"\n"), unix.MSG_NOSIGNAL, nil); err != nil {
		return "", err
	}
	var line []byte
	buf := make([]byte, 1024)
	for len(line) < maxAnswer {
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return "", fmt.Errorf("init gave no answer: %w", err)
		case n <= 0:
			return "", fmt.Errorf("init gave no answer: %w", io.ErrUnexpectedEOF)
		}
		line = append(line, buf[:n]...)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			return string(line[:i]), nil
		}
	}
	return "", fmt.Errorf("init's answer is longer than %d bytes: %.40q", maxAnswer, line)
}
