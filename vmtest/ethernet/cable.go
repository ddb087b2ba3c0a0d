// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Cable returns the two ends of a network cable: ours is for Attach, theirs is a
// connected stream socket that QEMU inherits.
func Cable() (ours net.Conn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair for the network: %v", err)
	}
	file := os.NewFile(uintptr(fds[0]), "switch")
	defer file.Close() // the connection has a descriptor of its own
	theirs = os.NewFile(uintptr(fds[1]), "guest")
	if ours, err = net.FileConn(file); err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("socket pair for the network: %v", err)
	}
	return ours, theirs, nil
}
