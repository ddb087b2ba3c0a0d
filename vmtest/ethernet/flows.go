// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Said is what one end has said to the other: one direction of a TCP connection, or
// all datagrams from one UDP port to another.
type Said struct {
	// Protocol is tcp or udp.
	Protocol string
	From, To netip.AddrPort
	// Pieces are the payload in order. TCP has one piece unless a segment is missing
	// in the capture; UDP has one for each datagram.
	Pieces [][]byte
}

// Numbers of protocols and header types.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	protoTCP  = 6
	protoUDP  = 17

	tcpSYN = 2
)

// direction is one direction of a conversation.
type direction struct {
	proto    byte
	from, to netip.AddrPort
	// generation counts the connections between the same ports.
	generation int
}

// segment is one TCP segment's payload.
type segment struct {
	seq  uint32
	data []byte
}

// Conversations puts together what the frames of a capture carried over TCP and UDP.
// What is neither, or is fragmented by IP, is left out.
func Conversations(packets []Packet) []Said {
	var order []direction
	segments := map[direction][]segment{}
	generations := map[direction]int{}
	for _, p := range packets {
		d, s, syn, ok := parseFrame(p.Frame)
		if !ok {
			continue
		}
		if syn {
			s.seq++ // the SYN counts as one byte
			// A repeated SYN begins nothing new.
			if g := generations[d]; g == 0 || len(segments[withGeneration(d, g)]) > 1 {
				generations[d]++
			}
		}
		g := withGeneration(d, generations[d])
		if _, known := segments[g]; !known {
			order = append(order, g)
		}
		segments[g] = append(segments[g], s)
	}
	var all []Said
	for _, d := range order {
		said := Said{Protocol: "udp", From: d.from, To: d.to}
		if d.proto == protoTCP {
			said.Protocol = "tcp"
			said.Pieces = assemble(segments[d])
		} else {
			for _, s := range segments[d] {
				said.Pieces = append(said.Pieces, s.data)
			}
		}
		all = append(all, said)
	}
	return all
}

func withGeneration(d direction, g int) direction {
	d.generation = g
	return d
}

// assemble puts the segments of one direction in order; numbers may wrap around.
func assemble(list []segment) [][]byte {
	first := list[0].seq
	slices.SortStableFunc(list, func(a, b segment) int { return int(int32(a.seq-first)) - int(int32(b.seq-first)) })
	var pieces [][]byte
	var piece []byte
	next := list[0].seq
	for _, s := range list {
		ahead := int32(s.seq - next)
		if ahead > 0 {
			// Something is missing before this one.
			if len(piece) > 0 {
				pieces = append(pieces, piece)
			}
			piece, next, ahead = nil, s.seq, 0
		}
		if known := int(-ahead); known < len(s.data) {
			piece = append(piece, s.data[known:]...)
			next += uint32(len(s.data) - known)
		}
	}
	if len(piece) > 0 {
		pieces = append(pieces, piece)
	}
	return pieces
}

// parseFrame finds the payload of TCP or UDP in an Ethernet frame.
func parseFrame(f []byte) (d direction, s segment, syn, ok bool) {
	if len(f) < minFrame {
		return
	}
	kind, f := binary.BigEndian.Uint16(f[12:]), f[minFrame:]
	var from, to netip.Addr
	switch kind {
	case etherIPv4:
		if len(f) < 20 || f[0]>>4 != 4 {
			return
		}
		head, total := int(f[0]&15)*4, int(binary.BigEndian.Uint16(f[2:]))
		if head < 20 || total < head || total > len(f) || binary.BigEndian.Uint16(f[6:])&0x3fff != 0 {
			return
		}
		d.proto, from, to = f[9], netip.AddrFrom4([4]byte(f[12:16])), netip.AddrFrom4([4]byte(f[16:20]))
		f = f[head:total]
	case etherIPv6:
		if len(f) < 40 || f[0]>>4 != 6 {
			return
		}
		size := int(binary.BigEndian.Uint16(f[4:]))
		if size > len(f)-40 {
			return
		}
		d.proto, from, to = f[6], netip.AddrFrom16([16]byte(f[8:24])), netip.AddrFrom16([16]byte(f[24:40]))
		f = f[40 : 40+size]
	default:
		return
	}
	head := 8
	switch {
	case d.proto == protoTCP && len(f) >= 20:
		head = int(f[12]>>4) * 4
		s.seq = binary.BigEndian.Uint32(f[4:])
		syn = f[13]&tcpSYN != 0
	case d.proto == protoUDP && len(f) >= 8:
	default:
		return
	}
	if head < 8 || head > len(f) {
		return
	}
	d.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(f))
	d.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(f[2:]))
	s.data = f[head:]
	return d, s, syn, true
}

// Search tells which of the texts crossed the wire: within one frame, or within what
// one end said to the other, however it was cut. It also returns how many bytes of
// payload TCP and UDP carried.
func Search(packets []Packet, texts []string) (found map[string]bool, payload int64) {
	found = map[string]bool{}
	look := func(data []byte) {
		for _, t := range texts {
			if !found[t] && bytes.Contains(data, []byte(t)) {
				found[t] = true
			}
		}
	}
	for _, p := range packets {
		look(p.Frame)
	}
	for _, said := range Conversations(packets) {
		for _, piece := range said.Pieces {
			payload += int64(len(piece))
			look(piece)
		}
	}
	return found, payload
}
