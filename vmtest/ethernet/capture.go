// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
	"time"
)

// Blocks and options of pcapng, draft-ietf-opsawg-pcapng.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
	byteOrder      = 0x1a2b3c4d

	optEnd         = 0
	optName        = 2 // of an interface
	optDescription = 3 // of an interface
	optResolution  = 9 // of an interface: 9 for nanoseconds
	optUserAppl    = 4 // of a section

	linkEthernet = 1
)

// Interface is one port of the switch as the capture names it.
type Interface struct {
	// Name is the role, Description says more about it.
	Name, Description string
}

// Capture writes a pcapng file: one interface for each port of the switch, each frame
// once, on the interface of the guest that sent it, with nanoseconds.
type Capture struct {
	mu       sync.Mutex
	w        *bufio.Writer
	size     int64
	limit    int64
	unwanted int64
	err      error
}

// NewCapture starts a capture. When limit bytes are written it takes no more frames
// and counts them instead.
func NewCapture(w io.Writer, interfaces []Interface, limit int64) *Capture {
	c := &Capture{w: bufio.NewWriterSize(w, 256<<10), limit: limit}
	var body []byte
	body = binary.LittleEndian.AppendUint32(body, byteOrder)
	body = binary.LittleEndian.AppendUint16(body, 1) // version 1.0
	body = binary.LittleEndian.AppendUint16(body, 0)
	body = binary.LittleEndian.AppendUint64(body, 1<<64-1) // length not known
	body = appendOption(body, optUserAppl, []byte("vmtest"))
	c.block(blockSection, appendOption(body, optEnd, nil))
	for _, i := range interfaces {
		body = binary.LittleEndian.AppendUint16(nil, linkEthernet)
		body = binary.LittleEndian.AppendUint16(body, 0)
		body = binary.LittleEndian.AppendUint32(body, 0) // whole frames
		body = appendOption(body, optName, []byte(i.Name))
		body = appendOption(body, optDescription, []byte(i.Description))
		body = appendOption(body, optResolution, []byte{9})
		c.block(blockInterface, appendOption(body, optEnd, nil))
	}
	return c
}

// Record writes a frame.
func (c *Capture) Record(port int, at time.Time, frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.size+int64(len(frame))+64 > c.limit {
		c.unwanted++
		return
	}
	stamp := uint64(at.UnixNano())
	body := make([]byte, 0, len(frame)+64)
	body = binary.LittleEndian.AppendUint32(body, uint32(port))
	body = binary.LittleEndian.AppendUint32(body, uint32(stamp>>32))
	body = binary.LittleEndian.AppendUint32(body, uint32(stamp))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(frame)))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(frame)))
	c.block(blockPacket, pad(append(body, frame...)))
}

// Close writes what is left and returns the first error. It does not close the writer.
func (c *Capture) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.w.Flush(); c.err == nil {
		c.err = err
	}
	return c.err
}

// Unrecorded is the number of frames for which there was no room.
func (c *Capture) Unrecorded() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unwanted
}

// block writes one block; its length stands at both ends.
func (c *Capture) block(kind uint32, body []byte) {
	size := uint32(len(body) + 12)
	out := binary.LittleEndian.AppendUint32(nil, kind)
	out = binary.LittleEndian.AppendUint32(out, size)
	out = append(out, body...)
	out = binary.LittleEndian.AppendUint32(out, size)
	c.size += int64(size)
	if _, err := c.w.Write(out); c.err == nil {
		c.err = err
	}
}

func appendOption(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

// pad fills up to a multiple of four bytes.
func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
