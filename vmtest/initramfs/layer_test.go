// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// layer writes an archive of the entries and returns its path.
func layer(t *testing.T, name string, entries ...Entry) string {
	t.Helper()
	archive, err := Bytes(entries)
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func specWith(t *testing.T, layers []string, files ...Entry) *Spec {
	t.Helper()
	init := filepath.Join(t.TempDir(), "init")
	if err := os.WriteFile(init, []byte("I"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Spec{
		Init: init, Layers: layers, Files: files,
		Config: wire.Config{Programs: []wire.Program{{Name: "p", Path: "/p", Format: "exit"}}},
	}
}

func TestLayersBecomeOne(t *testing.T) {
	common := []Entry{
		{Path: "/sbin", Link: "usr/sbin"}, {Path: "/lib", Link: "/usr/lib"}, {Path: "/usr/lib64", Link: "../lib/x"},
		{Path: "/usr/lib/libc.so", Content: []byte("C"), Mode: 0o755}, {Path: "/etc/empty", Content: []byte{}},
	}
	s := specWith(t, []string{
		layer(t, "one.cpio", append(common, Entry{Path: "/usr/bin/one", Content: []byte("1")}, Entry{Path: "/tmp", Dir: true, Mode: 0o1777})...),
		layer(t, "two.cpio", append(common, Entry{Path: "/usr/bin/two", Content: []byte("2")})...),
	}, Entry{Path: "/lib/tidelock/x.ko", Content: []byte("K")}, Entry{Path: "/usr/lib64/deep/y", Content: []byte("Y")})
	entries, err := s.Entries()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Bytes(entries)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range list(t, archive) {
		// The rest is what every guest has; its configuration has a test of its own.
		if strings.Contains(l, "usr") || strings.Contains(l, "etc/empty") || strings.HasPrefix(l, "f init") {
			got = append(got, l)
		}
	}
	want := []string{
		"f etc/empty", "f init I", "l lib /usr/lib", "l sbin usr/sbin", "d usr", "d usr/bin", "f usr/bin/one 1", "f usr/bin/two 2",
		"d usr/lib", "f usr/lib/libc.so C", "d usr/lib/tidelock", "f usr/lib/tidelock/x.ko K",
		"d usr/lib/x", "d usr/lib/x/deep", "f usr/lib/x/deep/y Y",
		"l usr/lib64 ../lib/x", "d usr/sbin", "l usr/sbin/modprobe /init",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLayersThatClash(t *testing.T) {
	one := Entry{Path: "/etc/x", Content: []byte("1")}
	for _, c := range []struct {
		name   string
		layers []string
		files  []Entry
		want   []string
	}{
		{"other content", []string{layer(t, "one.cpio", one), layer(t, "two.cpio", Entry{Path: "/etc/x", Content: []byte("22")})}, nil,
			[]string{"/etc/x is a file of 1 bytes (0644) in one.cpio and a file of 2 bytes (0644) in two.cpio"}},
		{"other mode", []string{layer(t, "one.cpio", one), layer(t, "two.cpio", Entry{Path: "/etc/x", Content: []byte("1"), Mode: 0o755})}, nil, []string{"(0755) in two.cpio"}},
		{"other kind", []string{layer(t, "one.cpio", one), layer(t, "two.cpio", Entry{Path: "/etc/x", Link: "y"})}, nil, []string{"a link to y in two.cpio"}},
		{"a file of the test", []string{layer(t, "one.cpio", one)}, []Entry{one}, []string{"/etc/x of the test is a file of 1 bytes (0644) in one.cpio already"}},
		{"by way of a link", []string{layer(t, "one.cpio", one, Entry{Path: "/conf", Link: "etc"})}, []Entry{{Path: "/conf/x", Content: []byte("1")}}, []string{"/etc/x of the test"}},
		{"links without end", []string{layer(t, "one.cpio", Entry{Path: "/a", Link: "b"}, Entry{Path: "/b", Link: "a"})}, []Entry{{Path: "/a/x", Dir: true}}, []string{"/a/x: the links above it never end"}},
		{"a file below a file", []string{layer(t, "one.cpio", one)}, []Entry{{Path: "/etc/x/y", Dir: true}}, []string{"not a folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, err := specWith(t, c.layers, c.files...).Entries()
			if err == nil {
				_, err = Bytes(entries)
			}
			if err == nil {
				t.Fatal("it was made")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestReadLayerRefuses(t *testing.T) {
	whole, err := Bytes([]Entry{{Path: "/a/b", Content: []byte("0123456789")}})
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := readLayer(whole); err != nil || len(entries) != 2 {
		t.Fatalf("%+v, %v", entries, err)
	}
	for n := range len(bytes.TrimRight(whole, "\x00")) {
		if _, err := readLayer(whole[:n]); err == nil {
			t.Errorf("an archive of %d bytes, cut off after %d, was read", len(whole), n)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{"070701", "070702", "magic"},
		{"a/b\x00", "../\x00", "not a clean one"},
		{"0000000A", "FFFFFFFF", "more than the archive"},
		{"000081A4", "000061A4", "which no layer has"},
	} {
		text := strings.Replace(string(whole), c.old, c.new, 1)
		if _, err := readLayer([]byte(text)); text == string(whole) || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: error %v, want %q in it", c.new, c.old, err, c.want)
		}
	}
	if _, err := ReadLayer("/nonexistent/layer.cpio"); err == nil {
		t.Error("a layer that is not there was read")
	}
}
