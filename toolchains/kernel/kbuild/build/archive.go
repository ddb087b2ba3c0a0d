// SPDX-License-Identifier: Apache-2.0

package build

import (
	"archive/tar"
	"os"
	"sort"
	"time"

	"github.com/klauspost/compress/zstd"
)

// archived is one file of an archive.
type archived struct {
	name string
	mode int64
	data []byte
}

// writeArchive writes files in the form of packed headers.
func writeArchive(name string, files []archived) error {
	sort.Slice(files, func(i, j int) bool { return files[i].name < files[j].name })
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: time.Unix(0, 0), Format: tar.FormatGNU}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return out.Close()
}
