// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// linkUp is the rtnetlink message that switches an interface on.
func linkUp(index uint32) []byte {
	b := message(unix.RTM_NEWLINK, 0)
	b = append(b, unix.AF_UNSPEC, 0, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, index)
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP) // flags
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP) // which of them change
	return sized(b)
}

// newAddress is the rtnetlink message that gives an interface an address. An IPv6
// address can be used at once: nobody is asked whether he has it already.
func newAddress(index uint32, p netip.Prefix) []byte {
	address := p.Addr().AsSlice()
	family := byte(unix.AF_INET6)
	if p.Addr().Is4() {
		family = unix.AF_INET
	}
	b := message(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	b = append(b, family, byte(p.Bits()), 0, unix.RT_SCOPE_UNIVERSE)
	b = binary.NativeEndian.AppendUint32(b, index)
	b = attribute(b, unix.IFA_LOCAL, address)
	b = attribute(b, unix.IFA_ADDRESS, address)
	if family == unix.AF_INET6 {
		b = attribute(b, unix.IFA_FLAGS, binary.NativeEndian.AppendUint32(nil, unix.IFA_F_NODAD|unix.IFA_F_PERMANENT))
	}
	return sized(b)
}

// message begins a netlink message; its length is filled in by sized.
func message(kind, flags uint16) []byte {
	b := make([]byte, 4, 64)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = binary.NativeEndian.AppendUint32(b, 1) // sequence number
	return binary.NativeEndian.AppendUint32(b, 0)
}

func attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(b)&3)...)
}

func sized(b []byte) []byte {
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	return b
}

// rtnetlink sends one message and returns what the kernel says to it.
func rtnetlink(request []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		return err
	}
	return answer(buf[:n])
}

// answer reads the acknowledgement of a netlink message.
func answer(b []byte) error {
	if len(b) < 20 {
		return errors.New("the kernel's answer is too short")
	}
	if kind := binary.NativeEndian.Uint16(b[4:]); kind != unix.NLMSG_ERROR {
		return fmt.Errorf("the kernel answers with type %d", kind)
	}
	if code := int32(binary.NativeEndian.Uint32(b[16:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}
