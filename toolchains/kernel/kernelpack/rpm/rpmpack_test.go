// SPDX-License-Identifier: Apache-2.0

package rpm

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/rpmpack"
)

// another makes a package by somebody else's writer.
func another(t testing.TB, compressor string) []byte {
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

func TestWalkAnother(t *testing.T) {
	want := "folder usr/src 755 \n" +
		"file usr/src/.config 644 CONFIG_TLS=m\n\n" +
		"file usr/src/big 755 " + strings.Repeat("0123456", 100_001) + "\n" +
		"symbolic link usr/src/build 777 ../other\n" +
		"file usr/src/empty 600 \n"
	for _, compressor := range []string{"gzip", "xz", "zstd"} {
		got, err := list(t, another(t, compressor))
		if err != nil || got != want {
			t.Errorf("%s: %v; got %d bytes, want %d", compressor, err, len(got), len(want))
		}
	}
}
