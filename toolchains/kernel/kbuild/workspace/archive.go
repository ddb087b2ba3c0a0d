// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"archive/tar"
	"os"
	"sort"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Archived is one file of an archive.
type Archived struct {
	// Name is its path in the archive.
	Name string
	// Mode holds its permissions.
	Mode int64
	// Data is what is in it.
	Data []byte
}

// WriteArchive writes files in the form of packed headers.
func WriteArchive(name string, files []Archived) error {
	sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
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
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: f.Mode, Size: int64(len(f.Data)), ModTime: time.Unix(0, 0), Format: tar.FormatGNU}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.Data); err != nil {
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
