// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/rpmpack"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// srpm makes a source RPM of files by their names.
func srpm(t *testing.T, compressor string, files map[string]string) []byte {
	t.Helper()
	r, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: "kernel", Version: "6.1", Release: "1", Arch: "x86_64", Compressor: compressor})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		r.AddFile(rpmpack.RPMFile{Name: name, Body: []byte(text), Mode: 0o100644})
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// kernelTar is a kernel's tar below the folder linux-6.1, where names do not
// begin with a folder of their own (./). Executables begin
// with #!, and "-> x" is a symbolic link to x.
func kernelTar(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Name: "linux-6.1/" + name, Mode: 0o664, Typeflag: tar.TypeReg, Size: int64(len(files[name]))}
		if strings.HasPrefix(name, "./") {
			h.Name = name
		}
		if strings.HasPrefix(files[name], "#!") {
			h.Mode = 0o775
		}
		if to, ok := strings.CutPrefix(files[name], "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, h.Mode = tar.TypeSymlink, to, 0, 0o777
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, files[name])
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func compress(t *testing.T, kind, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch kind {
	case "":
		return text
	case ".gz":
		w = gzip.NewWriter(&b)
	case ".xz":
		w, err = xz.NewWriter(&b)
	case ".zst":
		w, err = zstd.NewWriter(&b)
	}
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// contentsOf shows an archive; ends of lines in files become slashes.
func contentsOf(t *testing.T, archive string) string {
	t.Helper()
	var b strings.Builder
	text := map[string]string{}
	eachFile(t, archive, func(h *tar.Header, body io.Reader) {
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		text[h.Name] = strings.ReplaceAll(strings.TrimSpace(string(data)), "\n", "/")
	})
	for _, line := range read(t, archive) {
		name, rest, _ := strings.Cut(line, " ")
		mode, link, _ := strings.Cut(rest, " ")
		if link != "" {
			link = "-> " + link
		}
		b.WriteString(name + " " + mode + " " + link + text[name] + "\n")
	}
	return b.String()
}

func packSRPM(t *testing.T, data []byte, change func(*Request)) (string, error) {
	t.Helper()
	dir := t.TempDir()
	// The name says nothing.
	r := Request{In: filepath.Join(dir, "kernel.package"), Out: filepath.Join(dir, "out.tar.zst"), Top: "top", Keep: ForVM}
	if err := os.WriteFile(r.In, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&r)
	}
	if err := r.Pack(); err != nil {
		if !strings.HasPrefix(err.Error(), r.In+": ") || strings.Count(err.Error(), r.In) != 1 {
			t.Errorf("%v does not name the package once", err)
		}
		return "", err
	}
	return contentsOf(t, r.Out), nil
}

// cut takes off half of gzip's checksum.
func cut(s string) string { return s[:len(s)-4] }

func hardLink(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "linux-6.1/kernel/fork.c", Typeflag: tar.TypeLink, Linkname: "linux-6.1/x"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
