// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Packet is one recorded frame.
type Packet struct {
	// Interface counts from 0.
	Interface int
	Time      time.Time
	Frame     []byte
	// Missing is how many bytes at the frame's end were not recorded; Capture records
	// whole frames.
	Missing int64
}

// maxBlock bounds one block of a capture that is read; a frame and its surroundings
// are far smaller.
const maxBlock = 1 << 20

// ReadCapture reads a file that Capture has written. Other writers' pcapng is read
// as far as it has the same shape: little-endian, one section, nanoseconds.
func ReadCapture(r io.Reader) ([]Interface, []Packet, error) {
	var interfaces []Interface
	var packets []Packet
	for n := 0; ; n++ {
		kind, body, err := readBlock(r)
		if err == io.EOF && n > 0 {
			return interfaces, packets, nil
		}
		if err == nil {
			switch {
			case n == 0 && (kind != blockSection || len(body) < 16 || binary.LittleEndian.Uint32(body) != byteOrder):
				err = errors.New("this is no little-endian pcapng")
			case kind == blockInterface:
				var i Interface
				if i, err = parseInterface(body); err == nil {
					interfaces = append(interfaces, i)
				}
			case kind == blockPacket:
				var p Packet
				if p, err = parsePacket(body, len(interfaces)); err == nil {
					packets = append(packets, p)
				}
			}
		}
		if err != nil {
			return nil, nil, fmt.Errorf("capture, block %d: %w", n, err)
		}
	}
}

// readBlock reads the next block; io.EOF is the end between two of them.
func readBlock(r io.Reader) (uint32, []byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	kind, size := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	if size < 12 || size%4 != 0 || size > maxBlock {
		return 0, nil, fmt.Errorf("a length of %d bytes", size)
	}
	body := make([]byte, size-8)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, inFrame(err)
	}
	end := len(body) - 4
	if binary.LittleEndian.Uint32(body[end:]) != size {
		return 0, nil, errors.New("its two lengths differ")
	}
	return kind, body[:end], nil
}

func parseInterface(body []byte) (Interface, error) {
	var i Interface
	if len(body) < 8 {
		return i, errors.New("too short for an interface")
	}
	resolution := byte(6)
	for b := body[8:]; len(b) >= 4; {
		code, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		b = b[4:]
		if size > len(b) {
			return i, errors.New("an option is longer than its block")
		}
		switch value := b[:size]; {
		case code == optName:
			i.Name = string(value)
		case code == optDescription:
			i.Description = string(value)
		case code == optResolution && size == 1:
			resolution = value[0]
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	if resolution != 9 {
		return i, errors.New("its times are not in nanoseconds")
	}
	return i, nil
}

func parsePacket(body []byte, interfaces int) (Packet, error) {
	if len(body) < 20 {
		return Packet{}, errors.New("too short for a packet")
	}
	number, size, whole := binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint32(body[12:]), binary.LittleEndian.Uint32(body[16:])
	if uint64(number) >= uint64(interfaces) || uint64(size) > uint64(len(body)-20) {
		return Packet{}, fmt.Errorf("a packet of %d bytes on interface %d of %d", size, number, interfaces)
	}
	if size > whole {
		return Packet{}, fmt.Errorf("a packet of %d bytes of which %d were recorded", whole, size)
	}
	stamp := uint64(binary.LittleEndian.Uint32(body[4:]))<<32 | uint64(binary.LittleEndian.Uint32(body[8:]))
	return Packet{Interface: int(number), Time: time.Unix(0, int64(stamp)), Frame: body[20 : 20+size], Missing: int64(whole - size)}, nil
}
