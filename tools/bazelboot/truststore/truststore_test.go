// SPDX-License-Identifier: Apache-2.0

package truststore

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestJKS(t *testing.T) {
	a, b := bytes.Repeat([]byte("a"), 300), []byte("b")
	var text bytes.Buffer
	text.WriteString("# a comment\n")
	pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: a})
	pem.Encode(&text, &pem.Block{Type: "X509 CRL", Bytes: []byte("not a certificate")})
	pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: b})
	store := JKS(text.Bytes(), time.UnixMilli(5))

	r := bytes.NewReader(store)
	u32 := func() (v uint32) { binary.Read(r, binary.BigEndian, &v); return v }
	str := func() string {
		var n uint16
		binary.Read(r, binary.BigEndian, &n)
		s := make([]byte, n)
		r.Read(s)
		return string(s)
	}
	if m, v, n := u32(), u32(), u32(); m != 0xFEEDFEED || v != 2 || n != 2 {
		t.Fatalf("magic %x, version %d, %d entries", m, v, n)
	}
	for i, want := range [][]byte{a, b} {
		tag, alias := u32(), str()
		var ms int64
		binary.Read(r, binary.BigEndian, &ms)
		kind, n := str(), u32()
		cert := make([]byte, n)
		r.Read(cert)
		if tag != 2 || ms != 5 || kind != "X.509" || !bytes.Equal(cert, want) {
			t.Errorf("entry %d: tag %d, alias %s, time %d, kind %s, %d bytes", i, tag, alias, ms, kind, n)
		}
	}
	if r.Len() != sha1.Size {
		t.Fatalf("%d bytes after the entries", r.Len())
	}
	// "changeit" in UTF-16, then the phrase, then the store.
	h := sha1.New()
	h.Write([]byte("\x00c\x00h\x00a\x00n\x00g\x00e\x00i\x00tMighty Aphrodite"))
	h.Write(store[:len(store)-sha1.Size])
	if !bytes.Equal(h.Sum(nil), store[len(store)-sha1.Size:]) {
		t.Error("the checksum is wrong")
	}
}

func TestHost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("bundle"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	if b, err := Host(); err != nil || string(b) != "bundle" {
		t.Errorf("%q, %v", b, err)
	}
	t.Setenv("SSL_CERT_FILE", file+".gone")
	if _, err := Host(); err == nil {
		t.Error("a named bundle that is not there was passed over")
	}
}

func FuzzJKS(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if n := len(JKS(text, time.Time{})); n < 12+sha1.Size {
			t.Fatalf("a store of %d bytes", n)
		}
	})
}
