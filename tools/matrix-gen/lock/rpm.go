// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cavaliergopher/cpio"
	"github.com/cavaliergopher/rpm"
	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
)

// walkRPM calls f for each plain file of an .rpm package, in its order. When f
// returns fs.SkipAll the rest is not read.
func walkRPM(name string, f func(name string, size int64, body io.Reader) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	// The header is followed by the payload at once, so that the same buffer
	// must serve both.
	r := bufio.NewReaderSize(file, 1<<16)
	pkg, err := rpm.Read(r)
	if err != nil {
		return fmt.Errorf("%s: not an .rpm package: %w", name, err)
	}
	if format := pkg.PayloadFormat(); format != "cpio" {
		return fmt.Errorf("%s: its payload is %q; only cpio is known", name, format)
	}
	payload, done, err := decompressRPM(r, pkg.PayloadCompression())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer done()
	archive := cpio.NewReader(payload)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: its payload cannot be read: %w", name, err)
		}
		if !h.Mode.IsRegular() {
			continue
		}
		if err := f(h.Name, h.Size, archive); errors.Is(err, fs.SkipAll) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// maxWindow bounds the memory that a zstd payload may ask for.
const maxWindow = 128 << 20

func decompressRPM(r io.Reader, compression string) (io.Reader, func(), error) {
	nothing := func() {}
	switch compression {
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
	return nil, nothing, fmt.Errorf("its payload is compressed with %q; known are gzip, bzip2, xz and zstd", compression)
}
