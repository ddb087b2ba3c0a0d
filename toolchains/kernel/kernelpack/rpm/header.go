// SPDX-License-Identifier: Apache-2.0

package rpm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The tags that say how to read the payload; numbers from rpmtag.h of RPM.
const (
	tagPayloadFormat     = 1124
	tagPayloadCompressor = 1125
)

const (
	typeString = 6

	// The largest kernel packages have 3 MB of header.
	maxHeader  = 64 << 20
	maxEntries = 1 << 20

	indexSize = 16
)

// tags holds where each tag's value begins in the header's data.
type tags struct {
	offsets map[uint32]index
	data    []byte
}

type index struct{ kind, offset uint32 }

// readHeader reads a header structure: magic number, index, data. The
// signature's is padded to a multiple of 8 bytes.
func readHeader(r io.Reader, padded bool) (*tags, error) {
	var intro [16]byte
	if _, err := io.ReadFull(r, intro[:]); err != nil {
		return nil, truncated(err)
	}
	if !bytes.HasPrefix(intro[:], []byte{0x8e, 0xad, 0xe8, 1}) {
		return nil, errors.New("damaged: no header of version 1")
	}
	count, size := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if count > maxEntries || size > maxHeader {
		return nil, fmt.Errorf("damaged: it claims %d tags and %d bytes", count, size)
	}
	// Read what is there before memory is taken for what is claimed.
	var both bytes.Buffer
	total := int64(count)*indexSize + int64(size)
	if padded {
		total += int64(-size & 7)
	}
	if n, err := io.CopyN(&both, r, total); err != nil {
		return nil, fmt.Errorf("it ends after %d of %d bytes: %w", n, total, truncated(err))
	}
	data := both.Bytes()
	t := &tags{offsets: map[uint32]index{}, data: data[int64(count)*indexSize:][:size]}
	for i := range int64(count) {
		e := data[i*indexSize:]
		tag := binary.BigEndian.Uint32(e)
		t.offsets[tag] = index{kind: binary.BigEndian.Uint32(e[4:]), offset: binary.BigEndian.Uint32(e[8:])}
	}
	return t, nil
}

// text is the value of a string tag, or what stands for it where it is absent.
func (t *tags) text(tag uint32, absent string) (string, error) {
	e, ok := t.offsets[tag]
	if !ok {
		return absent, nil
	}
	if e.kind != typeString || uint64(e.offset) >= uint64(len(t.data)) {
		return "", fmt.Errorf("header: damaged: tag %d is no text", tag)
	}
	value, _, ended := bytes.Cut(t.data[e.offset:], []byte{0})
	if !ended {
		return "", fmt.Errorf("header: damaged: the text of tag %d does not end", tag)
	}
	return string(value), nil
}

func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it is truncated")
	}
	return err
}
