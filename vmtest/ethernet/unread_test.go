// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// where headers begin in what tcp makes.
const (
	atIP   = 14
	atTCP4 = atIP + 20
	atTCP6 = atIP + 40
)

// with returns a changed copy.
func with(f []byte, change func(f []byte)) []byte {
	f = bytes.Clone(f)
	change(f)
	return f
}

// extended puts headers between the header of IPv6 and TCP; the last byte of each
// first word is left for who knows what it is.
func extended(f []byte, kinds ...byte) []byte {
	first := f[atIP+6]
	for _, k := range slices.Backward(kinds) {
		f = slices.Insert(bytes.Clone(f), atTCP6, first, 0, 0, 0, 0, 0, 0, 0)
		first = k
	}
	f[atIP+6] = first
	binary.BigEndian.PutUint16(f[atIP+4:], binary.BigEndian.Uint16(f[atIP+4:])+uint16(8*len(kinds)))
	return f
}

func TestUnread(t *testing.T) {
	four, six := tcp(false, 1, 0, "hello"), tcp(true, 1, 0, "hello")
	proto := func(f []byte, p byte) []byte {
		if f[atIP]>>4 == 4 {
			return with(f, func(f []byte) { f[atIP+9] = p })
		}
		return with(f, func(f []byte) { f[atIP+6] = p })
	}
	type frames map[string][]byte
	for _, c := range []struct {
		want   Unread
		frames frames
	}{
		{Unread{}, frames{
			"IPv4": four, "IPv6": six,
			"must not be fragmented":  with(four, func(f []byte) { f[atIP+6] = 0x40 }),
			"behind headers":          extended(six, hopByHop, routing, destinations),
			"ICMP":                    proto(four, protoICMP),
			"ICMPv6":                  proto(six, protoICMPv6),
			"ICMPv6 behind a header":  extended(proto(six, protoICMPv6), hopByHop),
			"IGMP":                    proto(four, protoIGMP),
			"ARP":                     with(four, func(f []byte) { f[13] = 6 }),
			"of an experiment":        with(four, func(f []byte) { f[12], f[13] = 0x88, 0xb5 }),
			"UDP":                     with(proto(four, protoUDP), func(f []byte) { f[atTCP4+4], f[atTCP4+5] = 0, 25 }),
			"padded, and nothing cut": append(bytes.Clone(four), 0, 0, 0, 0),
		}},
		{Unread{Fragments: 1}, frames{
			"first":         with(four, func(f []byte) { f[atIP+6] = 0x20 }),
			"middle":        with(four, func(f []byte) { f[atIP+6], f[atIP+7] = 0x20, 9 }),
			"last":          with(four, func(f []byte) { f[atIP+7] = 9 }),
			"far":           with(four, func(f []byte) { f[atIP+6] = 0x10 }),
			"of UDP":        with(proto(four, protoUDP), func(f []byte) { f[atIP+7] = 9 }),
			"IPv6":          extended(six, fragment),
			"behind others": extended(six, hopByHop, routing, fragment),
		}},
		{Unread{CutOff: 1}, frames{
			"empty":                  nil,
			"in the address":         four[:13],
			"in the header":          four[:atIP+19],
			"in the header of IPv6":  six[:atIP+39],
			"in TCP":                 four[:len(four)-4],
			"in TCP over IPv6":       six[:len(six)-4],
			"version":                with(four, func(f []byte) { f[atIP] = 0x65 }),
			"version of IPv6":        with(six, func(f []byte) { f[atIP] = 0x45 }),
			"short header":           with(four, func(f []byte) { f[atIP] = 0x44 }),
			"no length":              with(four, func(f []byte) { f[atIP+2], f[atIP+3] = 0, 0 }),
			"short header of TCP":    with(four, func(f []byte) { f[atTCP4+12] = 4 << 4 }),
			"long header of TCP":     with(four, func(f []byte) { f[atTCP4+12] = 15 << 4 }),
			"no room for TCP":        with(six, func(f []byte) { f[atIP+5] = 19 }),
			"no room for UDP":        with(proto(six, protoUDP), func(f []byte) { f[atIP+5] = 7 }),
			"long UDP":               with(proto(four, protoUDP), func(f []byte) { f[atTCP4+4], f[atTCP4+5] = 0, 26 }),
			"header before IPv6":     with(extended(six, hopByHop), func(f []byte) { f[atTCP6+1] = 255 }),
			"no room for the header": with(proto(six, hopByHop), func(f []byte) { f[atIP+5] = 7 }),
		}},
		{Unread{Wrapped: 1}, frames{
			"VLAN":         with(four, func(f []byte) { f[12], f[13] = 0x81, 0 }),
			"IP in IP":     proto(four, 4),
			"SCTP":         proto(four, 132),
			"ESP":          proto(six, 50),
			"IPv6 in IPv6": proto(six, 41),
		}},
	} {
		for name, f := range c.frames {
			if got := Search([]Packet{{Frame: f}}, nil).Unread; got != c.want {
				t.Errorf("%s: unread are %+v, want %+v", name, got, c.want)
			}
		}
	}
}

// What was found behind other headers counts as what stands there without them.
func TestReadsBehindHeaders(t *testing.T) {
	packets := []Packet{
		{Frame: extended(tcp(true, 1, 0, "hel"), hopByHop, destinations)},
		{Frame: extended(tcp(true, 4, 0, "lo"), routing)},
	}
	if f := Search(packets, []string{"hello"}); !f.Found["hello"] || f.Payload != 5 {
		t.Errorf("%+v", f)
	}
}

func TestUnreadOfACutCapture(t *testing.T) {
	_, file := record(t, []Packet{{Time: time.Unix(1, 2), Frame: tcp(false, 1, 0, "hello")}}, 1<<20)
	// The last block is one of 32 bytes of head and tail and the frame, filled up; its
	// word for the frame's true length is the seventh.
	begin := len(file) - 32 - (len(tcp(false, 1, 0, "hello"))+3)&^3
	file[begin+24]++
	_, packets, err := ReadCapture(bytes.NewReader(file))
	if err != nil || len(packets) != 1 || packets[0].Missing != 1 {
		t.Fatalf("%v, %+v", err, packets)
	}
	if f := Search(packets, nil); f.Unread != (Unread{CutOff: 1}) || f.Payload != 0 {
		t.Errorf("%+v", f)
	}
}

func TestUnreadInWords(t *testing.T) {
	for _, c := range []struct {
		unread Unread
		want   string
	}{
		{Unread{}, ""},
		{Unread{Fragments: 1}, "1 fragment of an IP packet"},
		{Unread{2, 1, 3}, "2 fragments of IP packets, 1 packet that is cut off, 3 packets within VLAN, a tunnel or an unknown protocol"},
	} {
		if got := c.unread.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
