// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// vethPeer is VETH_INFO_PEER of linux/veth.h.
const vethPeer = 1

// makeVeth makes an interface in the calling thread's network namespace whose
// other end, of the same name, lies in the namespace that peer is open on.
func makeVeth(name string, peer int) error {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	defer conn.Close()
	other, err := encode(func(e *netlink.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, name)
		e.Uint32(unix.IFLA_NET_NS_FD, uint32(peer))
	})
	if err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	attrs, err := encode(func(e *netlink.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, name)
		e.Nested(unix.IFLA_LINKINFO, func(e *netlink.AttributeEncoder) error {
			e.String(unix.IFLA_INFO_KIND, "veth")
			e.Nested(unix.IFLA_INFO_DATA, func(e *netlink.AttributeEncoder) error {
				e.Bytes(vethPeer, slices.Concat(noLink(), other))
				return nil
			})
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	_, err = conn.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  unix.RTM_NEWLINK,
			Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Excl,
		},
		Data: slices.Concat(noLink(), attrs),
	})
	if err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	return nil
}

func encode(fill func(*netlink.AttributeEncoder)) ([]byte, error) {
	e := netlink.NewAttributeEncoder()
	fill(e)
	return e.Encode()
}

// noLink is a struct ifinfomsg that names no interface.
func noLink() []byte { return make([]byte, unix.SizeofIfInfomsg) }
