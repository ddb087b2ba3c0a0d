// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/tidelock/tidelock/vmtest/wire"
	"golang.org/x/sys/unix"
)

// Barrier is the program /sbin/vmtest-barrier, with which a script waits for the
// other roles of its test. It returns the exit status: 0 all have come, 1 they will
// not, 2 wrong usage.
func Barrier(args []string, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stderr, "Usage: vmtest-barrier NAME\n\nWaits until every role of the test has come to the barrier NAME.\n")
		return 0
	}
	if len(args) != 1 || !wire.ValidName(args[0]) {
		fmt.Fprintln(stderr, "vmtest-barrier: one name of a barrier is needed; see --help")
		return 2
	}
	answer, err := ask(wire.SyncSocket, args[0])
	if err != nil {
		answer = err.Error()
	}
	if answer == "ok" {
		return 0
	}
	fmt.Fprintf(stderr, "vmtest-barrier %s: %s\n", args[0], strings.TrimPrefix(answer, "error "))
	return 1
}

// ask goes to a barrier; without package net, which would make init larger.
func ask(socket, name string) (string, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: socket}); err != nil {
		return "", fmt.Errorf("not in a guest of vm_net_test: %v", err)
	}
	if err := unix.Sendto(fd, []byte(name+"\n"), unix.MSG_NOSIGNAL, nil); err != nil {
		return "", err
	}
	var line []byte
	buf := make([]byte, 1024)
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return "", fmt.Errorf("init gave no answer: %v", err)
		}
		line = append(line, buf[:n]...)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			return string(line[:i]), nil
		}
	}
}
