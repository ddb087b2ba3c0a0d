// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"bytes"
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
// What is neither is left out; what is or may be, and could not be read, is counted.
func Conversations(packets []Packet) ([]Said, Unread) {
	var unread Unread
	var order []direction
	segments := map[direction][]segment{}
	generations := map[direction]int{}
	for _, p := range packets {
		d, s, syn, what := parseFrame(p.Frame)
		if p.Missing > 0 {
			what = cutOff
		}
		if what != flow {
			unread.count(what)
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
	return all, unread
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

// Findings are what Search has found.
type Findings struct {
	// Found has the texts that crossed the wire.
	Found map[string]bool
	// Payload counts the bytes that TCP and UDP carried.
	Payload int64
	// Unread is where a text may have crossed the wire unseen.
	Unread Unread
}

// Search tells which of the texts crossed the wire: within one frame, or within what
// one end said to the other, however it was cut. IP fragments are not joined: a text
// that stands in two of them is not found, and Unread counts them.
func Search(packets []Packet, texts []string) Findings {
	f := Findings{Found: map[string]bool{}}
	look := func(data []byte) {
		for _, t := range texts {
			if !f.Found[t] && bytes.Contains(data, []byte(t)) {
				f.Found[t] = true
			}
		}
	}
	for _, p := range packets {
		look(p.Frame)
	}
	all, unread := Conversations(packets)
	f.Unread = unread
	for _, said := range all {
		for _, piece := range said.Pieces {
			f.Payload += int64(len(piece))
			look(piece)
		}
	}
	return f
}
