// SPDX-License-Identifier: Apache-2.0

// Package uefivars puts certificates into the flash of a virtual machine's UEFI
// firmware, as its owner would by the firmware's setup: into the variable db.
// Kernels with CONFIG_LOAD_UEFI_KEYS trust those for modules, if their
// distribution had them do so (Debian, Fedora and Ubuntu did).
//
// The flash is the file of variables that comes with EDK II's OVMF and ArmVirt:
// a firmware volume (UEFI PI specification, volume 3) that holds a store of
// authenticated variables (EDK II, AuthenticatedVariableFormat.h).
package uefivars

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// guid is a GUID as it lies in memory.
type guid [16]byte

func parse(a uint32, b, c uint16, d ...byte) (g guid) {
	binary.LittleEndian.PutUint32(g[0:], a)
	binary.LittleEndian.PutUint16(g[4:], b)
	binary.LittleEndian.PutUint16(g[6:], c)
	copy(g[8:], d)
	return g
}

var (
	// authenticatedStore begins a store of authenticated variables.
	authenticatedStore = parse(0xaaf32c78, 0x947b, 0x439a, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92)
	// imageSecurity is the vendor of the variable db.
	imageSecurity = parse(0xd719b2cb, 0x3d3a, 0x4596, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f)
	// certX509 says that a signature list is of certificates.
	certX509 = parse(0xa5c059a1, 0x94e4, 0x4aa7, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72)
	// owner is who put the certificates there: anybody's choice.
	owner = parse(0x7469646c, 0x6f63, 0x6b00, 0x80, 0, 0, 0, 0, 0, 0, 1)
)

const (
	volumeSignature = "_FVH"
	storeHeader     = 28
	variableHeader  = 60
	startID         = 0x55aa
	added           = 0x3f // the state of a variable that is there

	// Kept over a reset, visible before and after the system has started,
	// written only by who proves the right to.
	attributes = 0x01 | 0x02 | 0x04 | 0x20
)

// AddDB returns the flash with the certificates (DER) in db. A flash that has
// a db already is refused.
func AddDB(flash []byte, certificates ...[]byte) ([]byte, error) {
	start, end, err := store(flash)
	if err != nil {
		return nil, err
	}
	name := encode("db")
	at := start
	for {
		if at+variableHeader > end {
			return nil, errors.New("the store of variables has no end")
		}
		v := flash[at:end]
		if binary.LittleEndian.Uint16(v) != startID {
			break
		}
		nameSize, dataSize := int64(binary.LittleEndian.Uint32(v[36:])), int64(binary.LittleEndian.Uint32(v[40:]))
		size := (variableHeader + nameSize + dataSize + 3) &^ 3
		if size > int64(len(v)) {
			return nil, fmt.Errorf("the variable at %#x is longer than the store", at)
		}
		if v[2] == added && bytes.Equal(v[variableHeader:][:nameSize], name) && bytes.Equal(v[44:60], imageSecurity[:]) {
			return nil, errors.New("the flash has a db already")
		}
		at += int(size)
	}
	var data []byte
	for _, c := range certificates {
		data = append(data, certX509[:]...)
		data = binary.LittleEndian.AppendUint32(data, uint32(28+16+len(c))) // the list
		data = binary.LittleEndian.AppendUint32(data, 0)                    // its header
		data = binary.LittleEndian.AppendUint32(data, uint32(16+len(c)))    // each signature
		data = append(append(data, owner[:]...), c...)
	}
	v := make([]byte, variableHeader, variableHeader+len(name)+len(data))
	binary.LittleEndian.PutUint16(v, startID)
	v[2] = added
	binary.LittleEndian.PutUint32(v[4:], attributes)
	binary.LittleEndian.PutUint32(v[36:], uint32(len(name)))
	binary.LittleEndian.PutUint32(v[40:], uint32(len(data)))
	copy(v[44:], imageSecurity[:])
	v = append(append(v, name...), data...)
	if at+len(v) > end {
		return nil, fmt.Errorf("the certificates take %d bytes, %d are free", len(v), end-at)
	}
	out := bytes.Clone(flash)
	copy(out[at:], v)
	return out, nil
}

// store finds where variables begin and end.
func store(flash []byte) (start, end int, err error) {
	if len(flash) < 64 || string(flash[40:44]) != volumeSignature {
		return 0, 0, errors.New("not a firmware volume")
	}
	at := int(binary.LittleEndian.Uint16(flash[48:]))
	if at+storeHeader > len(flash) || !bytes.Equal(flash[at:][:16], authenticatedStore[:]) {
		return 0, 0, errors.New("the firmware volume has no store of authenticated variables")
	}
	size := int64(binary.LittleEndian.Uint32(flash[at+16:]))
	if size < storeHeader || int64(at)+size > int64(len(flash)) {
		return 0, 0, fmt.Errorf("the store of variables claims %d bytes", size)
	}
	return at + storeHeader, at + int(size), nil
}

// encode writes a name as UEFI does: UTF-16 with a NUL.
func encode(name string) []byte {
	var b []byte
	for _, c := range append(utf16.Encode([]rune(name)), 0) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}
