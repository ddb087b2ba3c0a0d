// SPDX-License-Identifier: Apache-2.0

package xz

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	writer "github.com/ulikunitz/xz"
)

func compress(t testing.TB, data []byte, c writer.WriterConfig) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := c.NewWriter(&b)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decompress(data []byte) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

var text = []byte(strings.Repeat("Package: make\nVersion: 4.4.1-2\n\n", 5000))

func TestRead(t *testing.T) {
	one := compress(t, text, writer.WriterConfig{})
	for name, c := range map[string]struct{ in, want []byte }{
		"one stream":         {one, text},
		"two streams":        {append(bytes.Clone(one), one...), append(bytes.Clone(text), text...)},
		"empty stream":       {compress(t, nil, writer.WriterConfig{}), []byte{}},
		"CRC32":              {compress(t, text, writer.WriterConfig{CheckSum: writer.CRC32}), text},
		"SHA-256":            {compress(t, text, writer.WriterConfig{CheckSum: writer.SHA256}), text},
		"largest dictionary": {compress(t, text, writer.WriterConfig{DictCap: MaxDictionary}), text},
	} {
		if got, err := decompress(c.in); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// TestDamage sees that no truncated or changed stream passes.
func TestDamage(t *testing.T) {
	good := compress(t, text, writer.WriterConfig{})
	for n := range len(good) {
		if got, err := decompress(good[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes: %d bytes", n, len(good), len(got))
		}
		bad := bytes.Clone(good)
		bad[n] ^= 0x40
		if got, err := decompress(bad); err == nil && !bytes.Equal(got, text) {
			t.Errorf("byte %d changed: %d bytes", n, len(got))
		}
	}
}

func TestTooLargeDictionary(t *testing.T) {
	if _, err := decompress(compress(t, text, writer.WriterConfig{DictCap: 2 * MaxDictionary})); err == nil {
		t.Error("a dictionary beyond the limit is accepted")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(compress(f, []byte("text"), writer.WriterConfig{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data))
		if err == nil {
			io.Copy(io.Discard, io.LimitReader(r, 16<<20))
		}
	})
}

// BenchmarkRead measures the decoder on a file of the machine's choice, for
// example an index: XZ_FILE=Packages.xz go test -bench Read.
func BenchmarkRead(b *testing.B) {
	name := os.Getenv("XZ_FILE")
	if name == "" {
		b.Skip("XZ_FILE names no file")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n)
	}
}
