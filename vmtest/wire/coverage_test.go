// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckCoverageName(t *testing.T) {
	for _, good := range []string{"a.gcda", "kmod/tidelock/debug/x86_64/6.12.107-kasan/linux#main.gcda", "a/.b.gcda"} {
		if err := CheckCoverageName(good); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct{ name, want string }{
		{"", "is not the name of a .gcda file"},
		{".gcda", "is not the name of a .gcda file"},
		{"a/.gcda", "is not the name of a .gcda file"},
		{"a.gcno", "is not the name of a .gcda file"},
		{"../a.gcda", "not a clean name below a folder"},
		{"a/../../b.gcda", "not a clean name below a folder"},
		{"/etc/a.gcda", "not a clean name below a folder"},
		{"a//b.gcda", "not a clean name below a folder"},
		{"./a.gcda", "not a clean name below a folder"},
		{"a b.gcda", "a character"},
		{"a\n.gcda", "a character"},
		{"a\x00.gcda", "a"},
		{"ü.gcda", "a character"},
		{`a\b.gcda`, "a character"},
		{strings.Repeat("a", 600) + ".gcda", "more than 512"},
	} {
		if err := CheckCoverageName(c.name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestCoverageTake(t *testing.T) {
	var c Coverage
	for _, ev := range []Event{
		{Type: TypeCoverage, File: "a.gcda", Bytes: []byte{1, 2}},
		{Type: TypeCoverage, File: "b.gcda", Bytes: []byte{9}},
		{Type: TypeCoverage, File: "a.gcda", Text: "x"},
		{Type: TypeCoverage, File: "empty.gcda"},
	} {
		if err := c.Take(ev); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(c.Files["a.gcda"], []byte{1, 2, 'x'}) || !bytes.Equal(c.Files["b.gcda"], []byte{9}) || len(c.Files) != 3 {
		t.Errorf("%q", c.Files)
	}
	if err := c.Take(Event{File: "../a.gcda", Bytes: []byte{1}}); err == nil || len(c.Files) != 3 {
		t.Errorf("error %v with %d files", err, len(c.Files))
	}
}

func TestCoverageBounds(t *testing.T) {
	var c Coverage
	piece := make([]byte, MaxCoverageBytes/2)
	for range 2 {
		if err := c.Take(Event{File: "a.gcda", Bytes: piece}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Take(Event{File: "a.gcda", Bytes: []byte{1}}); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("error %v", err)
	}
	c = Coverage{}
	for i := range MaxCoverageFiles {
		if err := c.Take(Event{File: fmt.Sprintf("%d.gcda", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Take(Event{File: "0.gcda", Bytes: []byte{1}}); err != nil {
		t.Errorf("a known file: %v", err)
	}
	if err := c.Take(Event{File: "more.gcda"}); err == nil || !strings.Contains(err.Error(), "files") {
		t.Errorf("error %v", err)
	}
}

// Whatever comes over the channel: no name leads out of the folder, and nothing
// exceeds the bounds.
func FuzzCoverage(f *testing.F) {
	f.Add([]byte(`{"seq":1,"type":"coverage","uptime":0,"exit":0,"file":"a/b#c.gcda","bytes":"/w=="}` + "\n"))
	f.Add([]byte(`{"seq":1,"type":"coverage","uptime":0,"exit":0,"file":"../x.gcda","text":"y"}` + "\n"))
	f.Add([]byte(`{"seq":1,"type":"coverage","uptime":0,"exit":0,"file":"a.gcda","bytes":"AA`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Stream
		var c Coverage
		s.Write(data, func(ev Event) { c.Take(ev) })
		size := 0
		for name, data := range c.Files {
			size += len(data)
			if file := filepath.Join("/out", name); !strings.HasPrefix(file, "/out/") || filepath.Ext(file) != ".gcda" {
				t.Errorf("%q is written to %s", name, file)
			}
		}
		if size > MaxCoverageBytes || len(c.Files) > MaxCoverageFiles {
			t.Errorf("%d bytes in %d files", size, len(c.Files))
		}
	})
}
