// SPDX-License-Identifier: Apache-2.0

// Package rpm reads the files of RPM packages as streams, in the same terms as
// package deb reads those of Debian. A package is input from outside: sizes
// beyond reason, names that lead elsewhere and truncation are errors.
//
// It reads what a header package can be: format 3 or 4, a cpio payload, and the
// compressions that rpmbuild has used for kernels since 2010. Signatures are
// not looked at, because a lock's checksum has already named the file.
package rpm

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
)

// Entry is a file, folder or link that a package brings.
type Entry = deb.Entry

// maxWindow bounds the memory that a zstd payload may ask for.
const maxWindow = 128 << 20

// Walk calls f for each entry of the package. body holds the contents of a
// file and ends with f. Of files with several names the first that has
// contents is a file, the others are hard links to it and follow it. When f
// returns fs.SkipAll the walk ends without an error.
func Walk(r io.Reader, f func(e *Entry, body io.Reader) error) error {
	// The payload begins where the headers end, so one buffer serves both.
	b := bufio.NewReaderSize(r, 1<<16)
	if err := readLead(b); err != nil {
		return err
	}
	if _, err := readHeader(b, true); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	tags, err := readHeader(b, false)
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	format, err := tags.text(tagPayloadFormat, "cpio")
	if err != nil {
		return err
	}
	if format != "cpio" {
		return fmt.Errorf("its payload is %q; only cpio is known", format)
	}
	compression, err := tags.text(tagPayloadCompressor, "gzip")
	if err != nil {
		return err
	}
	payload, done, err := decompress(b, compression)
	if err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	defer done()
	if err := walkCPIO(payload, f); err != nil && !errors.Is(err, fs.SkipAll) {
		return fmt.Errorf("payload: %w", err)
	}
	return nil
}

// WalkFile is Walk for a package in a file; errors name it.
func WalkFile(name string, f func(e *Entry, body io.Reader) error) error {
	r, err := os.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := Walk(r, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// leadSize is the size of the fixed part in front of the headers. Of it only
// the magic number and the version still mean anything.
const leadSize = 96

func readLead(r io.Reader) error {
	var lead [leadSize]byte
	if _, err := io.ReadFull(r, lead[:]); err != nil || !bytes.HasPrefix(lead[:], []byte{0xed, 0xab, 0xee, 0xdb}) {
		return errors.New("not an RPM package")
	}
	if major := lead[4]; major != 3 && major != 4 {
		return fmt.Errorf("an RPM package of format %d; 3 and 4 are known", major)
	}
	return nil
}

func decompress(r io.Reader, compression string) (io.Reader, func(), error) {
	nothing := func() {}
	switch compression {
	case "gzip":
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
	return nil, nothing, fmt.Errorf("compression %q is not known (known: gzip, bzip2, xz, zstd)", compression)
}
