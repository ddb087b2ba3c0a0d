// SPDX-License-Identifier: Apache-2.0

package rpm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/google/rpmpack"
)

// sample makes a package with a folder, files and a link.
func sample(t testing.TB, compressor string) []byte {
	t.Helper()
	r, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: "kernel-devel", Version: "6.1.12", Release: "17", Arch: "x86_64", Compressor: compressor})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []rpmpack.RPMFile{
		{Name: "/usr/src", Mode: 0o040755},
		{Name: "/usr/src/.config", Body: []byte("CONFIG_TLS=m\n"), Mode: 0o100644},
		{Name: "/usr/src/big", Body: bytes.Repeat([]byte("0123456"), 100_001), Mode: 0o100755},
		{Name: "/usr/src/build", Body: []byte("../other"), Mode: 0o120777},
		{Name: "/usr/src/empty", Mode: 0o100600},
	} {
		r.AddFile(f)
	}
	var buf bytes.Buffer
	if err := r.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// list walks a package and describes what is in it.
func list(data []byte) ([]string, error) {
	var out []string
	err := Walk(bytes.NewReader(data), func(e *Entry, body io.Reader) error {
		n, err := io.Copy(io.Discard, body)
		out = append(out, fmt.Sprintf("%s %d %o %d/%d %s", e.Name, e.Kind, e.Mode, e.Size, n, e.Link))
		return err
	})
	return out, err
}

func TestWalk(t *testing.T) {
	want := []string{
		"usr/src 1 755 0/0 ",
		"usr/src/.config 0 644 13/13 ",
		"usr/src/big 0 755 700007/700007 ",
		"usr/src/build 2 777 0/0 ../other",
		"usr/src/empty 0 600 0/0 ",
	}
	for _, compressor := range []string{"gzip", "xz", "zstd"} {
		got, err := list(sample(t, compressor))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", compressor, err, got, want)
		}
	}
}

func TestWalkStops(t *testing.T) {
	n := 0
	err := Walk(bytes.NewReader(sample(t, "gzip")), func(*Entry, io.Reader) error {
		if n++; n == 2 {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("SkipAll: %v after %d entries; want no error after 2", err, n)
	}
	mine := errors.New("mine")
	if err := Walk(bytes.NewReader(sample(t, "gzip")), func(*Entry, io.Reader) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("got %v, want the function's own error", err)
	}
}

func TestWalkDamaged(t *testing.T) {
	good := sample(t, "gzip")
	at := func(i int, b byte) []byte {
		data := bytes.Clone(good)
		data[i] = b
		return data
	}
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte(strings.Repeat("hello", 100)),
		"ends in the lead": good[:50], "ends in the signatures": good[:100], "ends in the header": good[:600],
		"ends in the payload": good[:len(good)-20],
		"magic of the header": at(96, 0),
		"too many tags":       at(96+8, 0xff), "too large": at(96+12, 0xff),
	} {
		if got, err := list(data); err == nil {
			t.Errorf("%s: got %q; want an error", name, got)
		}
	}
}

// entry writes one file of a cpio archive.
func entry(name string, inode, mode, links int, data string) string {
	pad := func(s string) string { return s + strings.Repeat("\x00", -len(s)&3) }
	head := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name)+1, 0)
	return pad(head+name+"\x00") + pad(data)
}

func TestCpio(t *testing.T) {
	const reg, trailer = modeRegular | 0o644, cpioTrailer
	end := entry(trailer, 0, 0, 1, "")
	var got []string
	walk := func(archive string) error {
		got = nil
		return walkCpio(strings.NewReader(archive), func(e *Entry, body io.Reader) error {
			data, err := io.ReadAll(body)
			got = append(got, fmt.Sprintf("%s %d %q %s", e.Name, e.Kind, data, e.Link))
			return err
		})
	}
	// Two names of one file, the contents with the second.
	if err := walk(entry("./a", 7, reg, 2, "") + entry("/b", 7, reg, 2, "text") + entry("c", 8, reg, 1, "xyz") + end); err != nil {
		t.Fatal(err)
	}
	want := []string{`b 0 "text" `, `a 3 "" b`, `c 0 "xyz" `}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for name, archive := range map[string]string{
		"leads out":       entry("../x", 1, reg, 1, "") + end,
		"leads out below": entry("a/../../x", 1, reg, 1, "") + end,
		"no name":         entry("", 1, reg, 1, "") + end,
		"device":          entry("tty", 1, 0o020600, 1, "") + end,
		"no trailer":      entry("a", 1, reg, 1, "text"),
		"cut":             entry("a", 1, reg, 1, "text")[:114],
		"endless link":    entry("a", 1, modeSymlink, 1, strings.Repeat("x", maxName+1)) + end,
		"not a number":    strings.Replace(entry("a", 1, reg, 1, "t"), "070701000000", "070701XX0000", 1) + end,
		"other magic":     "070707" + strings.Repeat("0", 200),
	} {
		if err := walk(archive); err == nil {
			t.Errorf("%s: got %q; want an error", name, got)
		}
	}
}

func FuzzWalk(f *testing.F) {
	for _, compressor := range []string{"gzip", "xz", "zstd"} {
		f.Add(sample(f, compressor))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, func(visit visitor) error { return Walk(bytes.NewReader(data), visit) })
	})
}

func FuzzCpio(f *testing.F) {
	f.Add([]byte(entry("a", 7, modeRegular, 2, "") + entry("b", 7, modeRegular, 2, "text") + entry("l", 8, modeSymlink, 1, "a") + entry(cpioTrailer, 0, 0, 1, "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, func(visit visitor) error { return walkCpio(bytes.NewReader(data), visit) })
	})
}

type visitor = func(e *Entry, body io.Reader) error

// check walks and looks whether what is shown can be believed.
func check(t *testing.T, walk func(visitor) error) {
	err := walk(func(e *Entry, body io.Reader) error {
		inside := func(name string) bool {
			return name == "." || name != "" && path.Clean("/"+name) == "/"+name
		}
		if !inside(e.Name) || e.Kind == Hardlink && !inside(e.Link) {
			t.Fatalf("the entry %+v leads out", e)
		}
		n, err := io.Copy(io.Discard, body)
		if n > e.Size {
			t.Fatalf("%s has %d bytes and gave %d", e.Name, e.Size, n)
		}
		return err
	})
	_ = err // most inputs are damaged; that they end is what counts
}
