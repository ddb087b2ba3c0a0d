// SPDX-License-Identifier: Apache-2.0

package debtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Member is a member of an ar archive.
type Member struct {
	Name string
	Data []byte
}

// Ar writes an ar archive in the form of a Debian package.
func Ar(members ...Member) []byte {
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, m := range members {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.Name, 0, 0, 0, "100644", len(m.Data))
		b.Write(m.Data)
		if len(m.Data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// Deb makes a package of the given control file and contents; compression is
// "", ".gz", ".xz" or ".zst". Files without contents of their own are filled
// with the letter x.
func Deb(t testing.TB, control, compression string, entries []tar.Header) []byte {
	t.Helper()
	files := make([]File, len(entries))
	for i, h := range entries {
		files[i] = File{Header: h, Data: bytes.Repeat([]byte("x"), int(h.Size))}
	}
	return DebOf(t, control, compression, files)
}

// File is an entry of a package with its contents.
type File struct {
	tar.Header
	Data []byte
}

// Text is a regular file.
func Text(name, text string) File {
	return File{Header: tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}, Data: []byte(text)}
}

// DebOf makes a package of the given control file and files.
func DebOf(t testing.TB, control, compression string, files []File) []byte {
	t.Helper()
	return Ar(
		Member{"debian-binary", []byte("2.0\n")},
		Member{"control.tar" + compression, pack(t, compression, []File{Text("./control", control)})},
		Member{"data.tar" + compression, pack(t, compression, files)},
	)
}

func pack(t testing.TB, compression string, files []File) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		f.Header.Size = int64(len(f.Data))
		if err := w.WriteHeader(&f.Header); err != nil {
			// What tar refuses to write as asked is written the GNU way.
			f.Header.Format = tar.FormatGNU
			if err := w.WriteHeader(&f.Header); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	switch strings.TrimPrefix(compression, ".") {
	case "":
		return b.Bytes()
	case "gz":
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b.Bytes())
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	case "zst":
		z, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		return z.EncodeAll(b.Bytes(), nil)
	case "xz":
		return compress(t, b.Bytes())
	}
	t.Fatalf("compression %q", compression)
	return nil
}
