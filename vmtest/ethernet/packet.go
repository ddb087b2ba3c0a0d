// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"encoding/binary"
	"net/netip"
)

// Types of frames.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// wraps has the types of frames that carry another packet behind a header of their own.
var wraps = map[uint16]bool{
	0x8100: true, // VLAN
	0x88a8: true, // VLAN in VLAN
	0x9100: true, // the same, older
	0x8847: true, // MPLS
	0x8848: true, // MPLS to a group
	0x8864: true, // PPP
	0x88e5: true, // MACsec
}

// Protocols of IP, and headers of IPv6 that stand before them.
const (
	protoICMP   = 1
	protoIGMP   = 2
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
	protoNone   = 59

	hopByHop     = 0
	routing      = 43
	fragment     = 44
	destinations = 60

	tcpSYN = 2
)

// moreOrOffset are the bits of IPv4 that a packet in one piece has not.
const moreOrOffset = 0x3fff

// kind is what a frame carries.
type kind int

const (
	none     kind = iota // nothing that belongs to what other frames carry
	flow                 // TCP or UDP
	pieceOf              // a fragment of an IP packet
	cutOff               // less than its headers say, or headers that cannot be
	wrapping             // a packet within something else, or a protocol that is not known here
)

// parseFrame finds the payload of TCP or UDP in an Ethernet frame.
func parseFrame(f []byte) (d direction, s segment, syn bool, what kind) {
	if len(f) < minFrame {
		return d, s, false, cutOff
	}
	ether, f := binary.BigEndian.Uint16(f[12:]), f[minFrame:]
	var from, to netip.Addr
	switch {
	case ether == etherIPv4:
		d.proto, from, to, f, what = parseIPv4(f)
	case ether == etherIPv6:
		d.proto, from, to, f, what = parseIPv6(f)
	case wraps[ether]:
		what = wrapping
	}
	if what != flow {
		return d, s, false, what
	}
	head := 0
	switch d.proto {
	case protoTCP:
		if len(f) < 20 {
			return d, s, false, cutOff
		}
		if head = int(f[12]>>4) * 4; head < 20 || head > len(f) {
			return d, s, false, cutOff
		}
		s.seq = binary.BigEndian.Uint32(f[4:])
		syn = f[13]&tcpSYN != 0
	case protoUDP:
		if head = 8; len(f) < head || int(binary.BigEndian.Uint16(f[4:])) > len(f) {
			return d, s, false, cutOff
		}
	case protoICMP, protoIGMP, protoICMPv6, protoNone:
		return d, s, false, none
	default:
		return d, s, false, wrapping
	}
	d.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(f))
	d.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(f[2:]))
	s.data = f[head:]
	return d, s, syn, flow
}

// parseIPv4 finds what a packet carries.
func parseIPv4(f []byte) (proto byte, from, to netip.Addr, payload []byte, what kind) {
	if len(f) < 20 || f[0]>>4 != 4 {
		return 0, from, to, nil, cutOff
	}
	head, total := int(f[0]&15)*4, int(binary.BigEndian.Uint16(f[2:]))
	if head < 20 || total < head || total > len(f) {
		return 0, from, to, nil, cutOff
	}
	if binary.BigEndian.Uint16(f[6:])&moreOrOffset != 0 {
		return 0, from, to, nil, pieceOf
	}
	return f[9], netip.AddrFrom4([4]byte(f[12:16])), netip.AddrFrom4([4]byte(f[16:20])), f[head:total], flow
}

// parseIPv6 finds what a packet carries behind headers that only say how it travels.
func parseIPv6(f []byte) (proto byte, from, to netip.Addr, payload []byte, what kind) {
	if len(f) < 40 || f[0]>>4 != 6 {
		return 0, from, to, nil, cutOff
	}
	size := int(binary.BigEndian.Uint16(f[4:]))
	if size > len(f)-40 {
		return 0, from, to, nil, cutOff
	}
	proto, from, to = f[6], netip.AddrFrom16([16]byte(f[8:24])), netip.AddrFrom16([16]byte(f[24:40]))
	f = f[40 : 40+size]
	for {
		switch proto {
		case fragment:
			return 0, from, to, nil, pieceOf
		default:
			return proto, from, to, f, flow
		case hopByHop, routing, destinations:
			if len(f) < 8 || len(f) < 8+8*int(f[1]) {
				return 0, from, to, nil, cutOff
			}
			proto, f = f[0], f[8+8*int(f[1]):]
		}
	}
}
