// SPDX-License-Identifier: Apache-2.0

// Package rpm reads .rpm packages as streams, without executing or writing
// anything, and with hostile ones in mind: a package is what it is, or an error.
//
// A package is a lead of 96 bytes, two headers (signatures, then the package's
// own) and a compressed cpio archive.
package rpm

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
)

// Kind of an entry.
type Kind uint8

// The kinds that packages contain.
const (
	File Kind = iota
	Dir
	Symlink
	// Hardlink is another name of a file that came earlier.
	Hardlink
)

// Entry is a file, folder or link that a package brings.
type Entry struct {
	// Name is the path below the root, clean, without a slash at either end;
	// the root itself is ".".
	Name string
	Kind Kind
	// Mode holds the permission bits.
	Mode fs.FileMode
	// Size of a file's contents.
	Size int64
	// Link is where a link leads: for a hard link a clean path below the root,
	// for a symbolic link the text as it stands in the package.
	Link string
}

// Tags of a header that matter here.
const (
	tagPayloadFormat     = 1124
	tagPayloadCompressor = 1125
	typeString           = 6
)

const (
	leadSize = 96
	// maxHeader bounds a header; that of a kernel-devel package, with the
	// names and checksums of 20,000 files, has some 4 MB.
	maxHeader = 64 << 20
	// maxTags bounds the number of index entries, of which there are some 100.
	maxTags = 1 << 16
	// maxWindow bounds the memory that a zstd payload may ask for.
	maxWindow = 128 << 20
)

var (
	leadMagic   = []byte{0xed, 0xab, 0xee, 0xdb}
	headerMagic = []byte{0x8e, 0xad, 0xe8, 0x01}
)

// WalkFile is Walk for a package in a file; errors name it.
func WalkFile(name string, f func(e *Entry, body io.Reader) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := Walk(file, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Walk calls f for each entry of the package in its order. body holds the
// contents of a file and ends with f. When f returns fs.SkipAll the walk ends
// without an error and the rest of the package is not read.
func Walk(r io.Reader, f func(e *Entry, body io.Reader) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	lead := make([]byte, leadSize)
	if _, err := io.ReadFull(in, lead); err != nil || !bytes.HasPrefix(lead, leadMagic) {
		return errors.New("not an .rpm package: its first bytes are others")
	}
	if _, err := readHeader(in, true); err != nil {
		return fmt.Errorf("damaged .rpm package: the signature header: %w", err)
	}
	tags, err := readHeader(in, false)
	if err != nil {
		return fmt.Errorf("damaged .rpm package: the header: %w", err)
	}
	if format := tags[tagPayloadFormat]; format != "cpio" && format != "" {
		return fmt.Errorf("the payload of the .rpm package is %q; only cpio is known", format)
	}
	payload, done, err := decompress(in, tags[tagPayloadCompressor])
	if err != nil {
		return fmt.Errorf("the payload of the .rpm package: %w", err)
	}
	defer done()
	err = walkCpio(payload, f)
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

// readHeader reads a header and returns its plain texts by tag. Behind the
// signature header there is padding to a multiple of eight bytes.
func readHeader(r io.Reader, padded bool) (map[uint32]string, error) {
	intro := make([]byte, 16)
	if _, err := io.ReadFull(r, intro); err != nil {
		return nil, cut(err)
	}
	if !bytes.HasPrefix(intro, headerMagic) {
		return nil, errors.New("its first bytes are others")
	}
	count, size := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if count > maxTags || size > maxHeader {
		return nil, fmt.Errorf("%d tags and %d bytes are more than any package has", count, size)
	}
	index, err := readExactly(r, int64(count)*16)
	if err != nil {
		return nil, err
	}
	store, err := readExactly(r, int64(size))
	if err != nil {
		return nil, err
	}
	if padded {
		if _, err := readExactly(r, int64(-size&7)); err != nil {
			return nil, err
		}
	}
	texts := map[uint32]string{}
	for i := range count {
		e := index[i*16 : i*16+16]
		tag, kind, offset := binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[8:])
		if kind != typeString || offset >= size {
			continue
		}
		text, _, ended := bytes.Cut(store[offset:], []byte{0})
		if ended {
			texts[tag] = string(text)
		}
	}
	return texts, nil
}

// readExactly reads n bytes, without believing n before they have come.
func readExactly(r io.Reader, n int64) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, r, n); err != nil {
		return nil, cut(err)
	}
	return buf.Bytes(), nil
}

// cut says in words that something ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends in the middle")
	}
	return err
}

func decompress(r io.Reader, compressor string) (io.Reader, func(), error) {
	nothing := func() {}
	switch compressor {
	case "", "gzip":
		z, err := gzip.NewReader(r)
		return z, nothing, err
	case "bzip2":
		return bzip2.NewReader(r), nothing, nil
	case "xz":
		x, err := xz.NewReader(r)
		return x, nothing, err
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nothing, err
		}
		return z, z.Close, nil
	}
	return nil, nothing, fmt.Errorf("compression %q is not known (known: gzip, bzip2, xz, zstd)", compressor)
}

// clean returns a name of the archive as a path below the root. A name that
// leads out of it is an error.
func clean(name string) (string, error) {
	if strings.ContainsRune(name, 0) || name == "" {
		return "", fmt.Errorf("%q cannot be the name of a file", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", fmt.Errorf("the file %q leads out of the package", name)
		}
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return ".", nil
	}
	return name, nil
}
