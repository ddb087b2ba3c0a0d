// SPDX-License-Identifier: Apache-2.0

// Package truststore writes certificate authorities in the form that Java
// reads. A Java taken out of its package has none: the file cacerts is made
// when the package is installed, and without it each https download of Bazel
// fails.
package truststore

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"os"
	"time"
	"unicode/utf16"
)

// Bundles are the places where systems keep their certificate authorities.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// Host returns the machine's certificate authorities as PEM text: those of
// SSL_CERT_FILE, as Go and OpenSSL do, or of the system. Empty if it has none.
func Host() ([]byte, error) {
	if f := os.Getenv("SSL_CERT_FILE"); f != "" {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("SSL_CERT_FILE: %w", err)
		}
		return b, nil
	}
	for _, f := range bundles {
		if b, err := os.ReadFile(f); err == nil {
			return b, nil
		}
	}
	return nil, nil
}

// Numbers of the JKS format, version 2.
const (
	magic       = 0xFEEDFEED
	version     = 2
	trustedCert = 2
)

// The store holds nothing secret; "changeit" is the password that Java tries
// by itself. It and a fixed phrase of the format salt the closing checksum.
const (
	password = "changeit"
	whitener = "Mighty Aphrodite"
)

// JKS encodes the certificates of a PEM text as a Java key store.
func JKS(text []byte, now time.Time) []byte {
	var certs [][]byte
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			break
		}
		if b.Type == "CERTIFICATE" {
			certs = append(certs, b.Bytes)
		}
	}
	var o []byte
	o = binary.BigEndian.AppendUint32(o, magic)
	o = binary.BigEndian.AppendUint32(o, version)
	o = binary.BigEndian.AppendUint32(o, uint32(len(certs)))
	for i, c := range certs {
		o = binary.BigEndian.AppendUint32(o, trustedCert)
		o = appendString(o, fmt.Sprintf("ca%d", i))
		o = binary.BigEndian.AppendUint64(o, uint64(now.UnixMilli()))
		o = appendString(o, "X.509")
		o = binary.BigEndian.AppendUint32(o, uint32(len(c)))
		o = append(o, c...)
	}
	return append(o, checksum(o)...)
}

func appendString(o []byte, s string) []byte {
	o = binary.BigEndian.AppendUint16(o, uint16(len(s)))
	return append(o, s...)
}

func checksum(store []byte) []byte {
	var b bytes.Buffer
	for _, r := range utf16.Encode([]rune(password)) {
		b.Write(binary.BigEndian.AppendUint16(nil, r))
	}
	b.WriteString(whitener)
	b.Write(store)
	sum := sha1.Sum(b.Bytes())
	return sum[:]
}
