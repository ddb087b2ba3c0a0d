// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/tidelock/tidelock/kmod/uapi"
	"golang.org/x/sys/unix"
)

// asker asks for the module's information over generic netlink with its own
// buffers. Allocations may fail while it does, so it makes system calls only.
type asker struct {
	fd      int
	family  uint16 // 0: not known, or not any more
	seq     uint32
	lookup  []byte
	request []byte
	answer  []byte
	to      unix.SockaddrNetlink
}

func newAsker() *asker {
	a := &asker{fd: -1, answer: touched(32 << 10)}
	a.to.Family = unix.AF_NETLINK
	a.lookup = message(unix.GENL_ID_CTRL, unix.CTRL_CMD_GETFAMILY, 1, unix.CTRL_ATTR_FAMILY_NAME, append([]byte(uapi.FamilyName), 0))
	a.request = message(0, uapi.CmdGetInfo, uapi.FamilyVersion, uapi.AttrInfoABI, binary.NativeEndian.AppendUint32(nil, uapi.ABI))
	return a
}

// touched makes a buffer whose pages are there. One that the kernel has to make
// while it copies an answer may fail too, and the answer is EFAULT then.
func touched(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = 1
	}
	return b
}

// message builds a request with one attribute.
func message(family uint16, command, version byte, kind uint16, value []byte) []byte {
	ne := binary.NativeEndian
	m := make([]byte, unix.NLMSG_HDRLEN+unix.GENL_HDRLEN)
	ne.PutUint16(m[4:], family)
	ne.PutUint16(m[6:], unix.NLM_F_REQUEST)
	m[16], m[17] = command, version
	m = ne.AppendUint16(m, uint16(4+len(value)))
	m = ne.AppendUint16(m, kind)
	m = append(m, value...)
	m = append(m, make([]byte, -len(m)&3)...)
	ne.PutUint32(m, uint32(len(m)))
	return m
}

// ask asks ten times on one socket. After an error the next call begins anew.
func (a *asker) ask() error {
	for range 10 {
		if err := a.once(); err != nil {
			a.close()
			return err
		}
	}
	return nil
}

func (a *asker) close() {
	if a.fd >= 0 {
		unix.Close(a.fd)
	}
	a.fd, a.family = -1, 0
}

func (a *asker) once() error {
	if a.fd < 0 {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
		if err != nil {
			return err
		}
		a.fd = fd
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30}); err != nil {
			return err
		}
	}
	if a.family == 0 {
		attrs, err := a.exchange(a.lookup)
		if err != nil {
			return err
		}
		id := find(attrs, unix.CTRL_ATTR_FAMILY_ID)
		if len(id) != 2 {
			return errors.New("the answer has no family")
		}
		a.family = binary.NativeEndian.Uint16(id)
		binary.NativeEndian.PutUint16(a.request[4:], a.family)
	}
	attrs, err := a.exchange(a.request)
	if err != nil {
		return err
	}
	// The module may be on its way in or out, but it is never ill.
	switch health := unix.ByteSliceToString(find(attrs, uapi.AttrInfoHealth)); health {
	case "ok", "starting", "unloading":
		return nil
	default:
		return fmt.Errorf("health is %q", health)
	}
}

// exchange sends a request and returns the attributes of the answer.
func (a *asker) exchange(request []byte) ([]byte, error) {
	ne := binary.NativeEndian
	a.seq++
	ne.PutUint32(request[8:], a.seq)
	if err := unix.Sendto(a.fd, request, 0, &a.to); err != nil {
		return nil, err
	}
	for {
		n, err := unix.Read(a.fd, a.answer)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m := a.answer[:n]
		if n < unix.NLMSG_HDRLEN+unix.GENL_HDRLEN || int(ne.Uint32(m)) > n {
			return nil, fmt.Errorf("an answer of %d bytes", n)
		}
		if ne.Uint32(m[8:]) != a.seq {
			continue
		}
		if ne.Uint16(m[4:]) == unix.NLMSG_ERROR {
			if errno := unix.Errno(-int32(ne.Uint32(m[16:]))); errno != 0 {
				return nil, errno
			}
			return nil, errors.New("an acknowledgement that nobody asked for")
		}
		return m[unix.NLMSG_HDRLEN+unix.GENL_HDRLEN : ne.Uint32(m)], nil
	}
}

// find returns the value of an attribute, or nothing.
func find(attrs []byte, kind uint16) []byte {
	ne := binary.NativeEndian
	for len(attrs) >= 4 {
		size := int(ne.Uint16(attrs))
		if size < 4 || size > len(attrs) {
			return nil
		}
		if ne.Uint16(attrs[2:]) == kind {
			return attrs[4:size]
		}
		attrs = attrs[min(len(attrs), (size+3)&^3):]
	}
	return nil
}

// reader reads a small file with its own buffers, as asker asks.
type reader struct {
	path []byte
	buf  []byte
}

func newReader(path string) *reader {
	return &reader{path: append([]byte(path), 0), buf: touched(4096)}
}

func (r *reader) read() error {
	at := unix.AT_FDCWD
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&r.path[0])), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	_, err := unix.Read(int(fd), r.buf)
	unix.Close(int(fd))
	return err
}
