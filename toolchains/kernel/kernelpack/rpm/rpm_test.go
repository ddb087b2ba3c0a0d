// SPDX-License-Identifier: Apache-2.0

package rpm

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
)

// file is one cpio entry of a package made here. Packages of the real rpmbuild
// are read in //toolchains/kernel/tests.
type file struct {
	name    string
	mode    uint32
	text    string
	inode   uint32
	links   uint32
	claimed int // size in the header, where it lies
}

func cpio(files ...file) []byte {
	var b bytes.Buffer
	pad := func() {
		for b.Len()%4 != 0 {
			b.WriteByte(0)
		}
	}
	for i, f := range append(files, file{name: "TRAILER!!!"}) {
		if f.inode == 0 {
			f.inode = uint32(i + 1)
		}
		if f.links == 0 {
			f.links = 1
		}
		size := len(f.text)
		if f.claimed != 0 {
			size = f.claimed
		}
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			f.inode, f.mode, 0, 0, f.links, 0, size, 8, 1, 0, 0, len(f.name)+1, 0)
		b.WriteString(f.name + "\x00")
		pad()
		b.WriteString(f.text)
		pad()
	}
	return b.Bytes()
}

// header makes a header structure of string tags.
func header(values map[uint32]string, order ...uint32) []byte {
	var index, data bytes.Buffer
	for _, tag := range order {
		for _, v := range []uint32{tag, typeString, uint32(data.Len()), 1} {
			index.Write(binary.BigEndian.AppendUint32(nil, v))
		}
		data.WriteString(values[tag] + "\x00")
	}
	b := []byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}
	b = binary.BigEndian.AppendUint32(b, uint32(len(order)))
	b = binary.BigEndian.AppendUint32(b, uint32(data.Len()))
	return append(append(b, index.Bytes()...), data.Bytes()...)
}

func lead() []byte {
	b := make([]byte, leadSize)
	copy(b, []byte{0xed, 0xab, 0xee, 0xdb, 3})
	return b
}

func pkg(compression string, payload []byte) []byte {
	b := lead()
	signature := header(map[uint32]string{1000: "odd"}, 1000) // 4 bytes of data: 4 of padding
	b = append(b, signature...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	b = append(b, header(map[uint32]string{tagPayloadFormat: "cpio", tagPayloadCompressor: compression},
		tagPayloadFormat, tagPayloadCompressor)...)
	return append(b, payload...)
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func zstded(data []byte) []byte {
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll(data, nil)
}

func list(t testing.TB, data []byte) (string, error) {
	t.Helper()
	var b strings.Builder
	err := Walk(bytes.NewReader(data), func(e *Entry, body io.Reader) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s %o %s%s\n", e.Kind, e.Name, e.Mode, e.Link, text)
		return nil
	})
	return b.String(), err
}

func TestWalk(t *testing.T) {
	payload := cpio(
		file{name: "./usr/src/kernels", mode: modeDir | 0o755},
		file{name: "./usr/src/kernels/6/Makefile", mode: modeRegular | 0o644, text: "all:\n"},
		file{name: "/usr/src/kernels/6/run", mode: modeRegular | 0o755, text: "#!/bin/sh"},
		file{name: "./lib/modules/6/build", mode: modeSymlink | 0o777, text: "/usr/src/kernels/6"},
		file{name: "./a", mode: modeRegular | 0o644, inode: 9, links: 3},
		file{name: "./b", mode: modeRegular | 0o644, inode: 9, links: 3},
		file{name: "./c", mode: modeRegular | 0o644, inode: 9, links: 3, text: "same"},
		file{name: "./d", mode: modeRegular | 0o644, inode: 8, links: 2},
		file{name: "./e", mode: modeRegular | 0o644, inode: 8, links: 2},
	)
	want := `folder usr/src/kernels 755 
file usr/src/kernels/6/Makefile 644 all:

file usr/src/kernels/6/run 755 #!/bin/sh
symbolic link lib/modules/6/build 777 /usr/src/kernels/6
file c 644 same
hard link a 644 c
hard link b 644 c
file d 644 
file e 644 
`
	for compression, packed := range map[string][]byte{"gzip": gzipped(payload), "zstd": zstded(payload)} {
		got, err := list(t, pkg(compression, packed))
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v\nwant %q", compression, got, err, want)
		}
	}
}

func TestWalkStops(t *testing.T) {
	data := pkg("gzip", gzipped(cpio(file{name: "a", mode: modeRegular}, file{name: "../b", mode: modeRegular})))
	n := 0
	err := Walk(bytes.NewReader(data), func(*Entry, io.Reader) error { n++; return fs.SkipAll })
	if err != nil || n != 1 {
		t.Fatalf("got %v after %d entries", err, n)
	}
}

func TestHostile(t *testing.T) {
	one := func(f file) []byte { return pkg("gzip", gzipped(cpio(f))) }
	regular := file{name: "usr/x", mode: modeRegular, text: "text"}
	good := one(regular)
	cut := gzipped(cpio(regular)[:130])
	huge := append(append(lead(), 0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	long := append(append(lead(), 0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0), 0, 0, 0, 1, 3, 0, 0, 0)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                  {nil, "not an RPM package"},
		"a deb":                  {append([]byte("!<arch>\ndebian-binary   "), make([]byte, 100)...), "not an RPM package"},
		"format 9":               {append([]byte{0xed, 0xab, 0xee, 0xdb, 9}, make([]byte, 91)...), "format 9"},
		"lead only":              {lead(), "signature: it is truncated"},
		"no header":              {append(lead(), make([]byte, 64)...), "no header of version 1"},
		"header of 4 GiB":        {huge, "claims 4294967295 tags"},
		"header longer than all": {long, "signature: it ends after 0 of"},
		"unknown compression":    {pkg("lzip", nil), `compression "lzip" is not known`},
		"compression is a path":  {pkg("../../zstd", nil), "is not known"},
		"not compressed":         {pkg("gzip", []byte("no gzip at all, but text")), "gzip: invalid header"},
		"xz in name only":        {pkg("xz", gzipped(nil)), "xz"},
		"truncated":              {good[:len(good)-30], "payload"},
		"no end":                 {pkg("gzip", cut), "truncated"},
		"no cpio":                {pkg("gzip", gzipped(bytes.Repeat([]byte("x"), 200))), "instead of a file's header"},
		"out of the folder":      {one(file{name: "../../etc/passwd", mode: modeRegular}), "leads out of the package"},
		"out, later":             {one(file{name: "./usr/../../etc", mode: modeRegular}), "leads out of the package"},
		"a device":               {one(file{name: "dev/sda", mode: 0o060000}), "of type 60000"},
		"set-uid of nothing":     {one(file{name: ".", mode: modeRegular}), "the root folder is a file"},
		"link to nowhere":        {one(file{name: "l", mode: modeSymlink}), "leads to 0 bytes"},
		"link to a megabyte":     {one(file{name: "l", mode: modeSymlink, claimed: 1 << 20}), "leads to 1048576 bytes"},
		"size beyond the end":    {one(file{name: "f", mode: modeRegular, claimed: 1 << 31}), "truncated"},
		"large file":             {pkg("gzip", gzipped(append([]byte("07070X"), make([]byte, 120)...))), "4 GiB"},
		"letters for numbers":    {pkg("gzip", gzipped(append([]byte("070701nonsense"), make([]byte, 120)...))), `"nonsense" in a file's header`},
		"tag beyond the data": {func() []byte {
			b := append([]byte{}, good...)
			at := bytes.LastIndex(b, binary.BigEndian.AppendUint32(nil, tagPayloadCompressor))
			copy(b[at+8:], []byte{0xff, 0xff, 0xff, 0xff})
			return b
		}(), "tag 1125 is no text"},
	} {
		_, err := list(t, c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

// Whatever is damaged, there is an error or the same entries, never a panic.
func TestDamaged(t *testing.T) {
	good := pkg("zstd", zstded(cpio(
		file{name: "./a", mode: modeRegular | 0o644, inode: 9, links: 2},
		file{name: "./b", mode: modeRegular | 0o644, inode: 9, links: 2, text: "same"})))
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		bad := bytes.Clone(good)
		bad[random.IntN(len(bad))] ^= byte(1 + random.IntN(255))
		list(t, bad)
	}
	for n := range good {
		if got, err := list(t, good[:n]); err == nil {
			t.Fatalf("cut to %d of %d bytes it was read without an error: %q", n, len(good), got)
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add(pkg("gzip", gzipped(cpio(file{name: "./usr/src/kernels/6/.config", mode: modeRegular, text: "x"}))))
	f.Add(pkg("zstd", zstded(cpio(file{name: "./l", mode: modeSymlink, text: "target"}))))
	f.Fuzz(func(t *testing.T, data []byte) {
		Walk(bytes.NewReader(data), func(e *Entry, body io.Reader) error {
			n, err := io.Copy(io.Discard, body)
			if err == nil && n != e.Size {
				t.Fatalf("%s has %d bytes, its header says %d", e.Name, n, e.Size)
			}
			if strings.HasPrefix(e.Name, "/") || strings.HasPrefix(e.Name, "../") {
				t.Fatalf("the name %q got through", e.Name)
			}
			return err
		})
	})
}

// The payload itself, which compression hides from the fuzzer above.
func FuzzCPIO(f *testing.F) {
	f.Add(cpio(file{name: "./a", mode: modeRegular, inode: 9, links: 2}, file{name: "b", mode: modeRegular, inode: 9, links: 2, text: "t"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		walkCPIO(bytes.NewReader(data), func(e *Entry, body io.Reader) error {
			_, err := io.Copy(io.Discard, body)
			if e.Kind == deb.Hardlink && e.Link == "" {
				t.Fatalf("%s is a link to nothing", e.Name)
			}
			return err
		})
	})
}
