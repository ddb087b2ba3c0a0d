// SPDX-License-Identifier: Apache-2.0

package root

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// EachEntry calls visit for each entry of a package's data archive.
func EachEntry(file string, visit func(*tar.Header, io.Reader) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, 60)
	if _, err := io.ReadFull(r, head[:8]); err != nil || string(head[:8]) != "!<arch>\n" {
		return fmt.Errorf("not a Debian package")
	}
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return fmt.Errorf("no data archive in the package")
		}
		name := strings.TrimSuffix(strings.TrimSpace(string(head[:16])), "/")
		size, err := strconv.ParseInt(string(bytes.TrimSpace(head[48:58])), 10, 64)
		if err != nil {
			return err
		}
		member := io.LimitReader(r, size)
		if !strings.HasPrefix(name, "data.tar") {
			if _, err := io.CopyN(io.Discard, r, size+size%2); err != nil {
				return err
			}
			continue
		}
		var data io.Reader
		switch strings.TrimPrefix(name, "data.tar") {
		case ".xz":
			data, err = xz.NewReader(member, 64<<20)
		case ".zst":
			data, err = zstd.NewReader(member)
		case ".gz":
			data, err = gzip.NewReader(member)
		case "":
			data = member
		default:
			err = fmt.Errorf("unknown compression of %s", name)
		}
		if err != nil {
			return err
		}
		tr := tar.NewReader(data)
		for {
			h, err := tr.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := visit(h, tr); err != nil {
				return err
			}
		}
	}
}
