// SPDX-License-Identifier: Apache-2.0

package gcov

import (
	"encoding/binary"
	"fmt"
)

// dataMagic begins a data file, in the byte order of the machine that wrote it; all
// of ours are little-endian.
const dataMagic = 0x67636461 // "gcda"

// headerSize is magic, version, stamp and checksum, which GCC has since 12.
const headerSize = 16

// CheckData refuses what is not a whole data file of GCC 12 or newer: gcov itself
// takes a file that was cut off for one in which the rest never ran.
func CheckData(data []byte) error {
	if len(data) < headerSize {
		return fmt.Errorf("it has %d bytes, fewer than a header", len(data))
	}
	if magic := binary.LittleEndian.Uint32(data); magic != dataMagic {
		return fmt.Errorf("it begins with 0x%08x: no data file of gcov", magic)
	}
	for at := headerSize; at < len(data); {
		if len(data)-at < 8 {
			return fmt.Errorf("it ends in the head of a record at byte %d", at)
		}
		tag := binary.LittleEndian.Uint32(data[at:])
		// A counter that never moved may be written as its negative length alone.
		size := int64(int32(binary.LittleEndian.Uint32(data[at+4:])))
		at += 8
		if size < 0 {
			continue
		}
		if size > int64(len(data)-at) {
			return fmt.Errorf("it ends in the record 0x%08x at byte %d, which has %d bytes", tag, at, size)
		}
		at += int(size)
	}
	return nil
}
