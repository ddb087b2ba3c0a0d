// SPDX-License-Identifier: Apache-2.0

package crawler

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func compressed(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var own bytes.Buffer
	if err := ours().Write(&own); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	plain := write("aarch64.json", []byte(sample))
	zipped := write("list.json.gz", compressed(t, sample))
	misnamed := write("x86_64.json", compressed(t, sample)) // compressed in spite of its name
	mine := write("mine.json", own.Bytes())
	cut := write("cut-x86_64.json.gz", compressed(t, strings.Repeat(" ", 100000)+sample)[:60])

	for source, arch := range map[string]string{
		plain:                                   "aarch64",
		"x86_64=" + plain:                       "x86_64",
		"amd64=" + zipped:                       "x86_64",
		misnamed:                                "x86_64",
		mine:                                    "x86_64",
		server.URL + "/aarch64.json":            "aarch64",
		"arm64=" + server.URL + "/list.json.gz": "aarch64",
	} {
		list, err := Open(t.Context(), source)
		if err != nil || list.Arch != arch || len(list.Distributions["debian"]) == 0 {
			t.Errorf("Open(%s): %v; arch %v, want %s", source, err, list, arch)
		}
	}
	for source, want := range map[string]string{
		zipped:                          "give it as x86_64=",
		"aarch64=" + mine:               "the list says that it is of x86_64",
		filepath.Join(dir, "none.json"): "no such file",
		dir:                             "this is a folder",
		cut:                             "truncated",
		server.URL + "/none-x86_64":     "404",
		"https://user:secret@127.0.0.1:1/x86_64.json?key=secret": "fetching the list",
	} {
		_, err := Open(t.Context(), source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s): %v; want something with %q", source, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%s): the message tells a secret: %v", source, err)
		}
	}
}
