// SPDX-License-Identifier: Apache-2.0

// Package ethernet is the network between the guests of one test: a learning switch
// over the stream sockets of QEMU's network devices, and a record of every frame.
//
// Nothing of the build machine's own network takes part. A guest is not trusted: what
// it sends is bounded in memory, counted where it is not passed on, and never stops
// the others.
package ethernet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// MaxFrame is the longest frame in bytes that is passed on. A guest without offloads
// sends at most 1514.
const MaxFrame = 64 << 10

// minFrame is an Ethernet header; QEMU does not pad frames.
const minFrame = 14

// maxPrefix is the longest frame that QEMU itself could send, with much to spare: a
// longer one means that the stream is not in step.
const maxPrefix = 1 << 20

// prefixSize is the length of the big-endian length before each frame.
const prefixSize = 4

// ErrStream means that a stream cannot be cut into frames any more.
var ErrStream = errors.New("the stream of frames is not in step")

// errOdd is a frame that is skipped and counted; the stream goes on behind it.
type errOdd struct{ size int }

func (e errOdd) Error() string { return fmt.Sprintf("a frame of %d bytes", e.size) }

// frameReader cuts a stream into frames. It needs the same memory whatever comes.
type frameReader struct {
	r   *bufio.Reader
	buf [MaxFrame]byte
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next frame, which is valid until the next call. An errOdd stands
// for a frame that was skipped. Every other error is the end: io.EOF (of a socket
// ECONNRESET too) between two frames, io.ErrUnexpectedEOF within one, ErrStream.
func (f *frameReader) next() ([]byte, error) {
	var prefix [prefixSize]byte
	if n, err := io.ReadFull(f.r, prefix[:]); n > 0 && err != nil {
		return nil, inFrame(err)
	} else if err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(prefix[:])
	switch {
	case size > maxPrefix:
		return nil, fmt.Errorf("%w: a frame of %d bytes is announced", ErrStream, size)
	case size > MaxFrame, size < minFrame:
		if _, err := io.CopyN(io.Discard, f.r, int64(size)); err != nil {
			return nil, inFrame(err)
		}
		return nil, errOdd{int(size)}
	}
	frame := f.buf[:size]
	if _, err := io.ReadFull(f.r, frame); err != nil {
		return nil, inFrame(err)
	}
	return frame, nil
}

// inFrame makes the end of the stream one within a frame. A socket whose other end
// was closed before all was read there says that it was reset, and not that it ended.
func inFrame(err error) error {
	if err == io.EOF || errors.Is(err, unix.ECONNRESET) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// framed puts the length before a copy of the frame.
func framed(frame []byte) []byte {
	out := make([]byte, prefixSize+len(frame))
	binary.BigEndian.PutUint32(out, uint32(len(frame)))
	copy(out[prefixSize:], frame)
	return out
}
