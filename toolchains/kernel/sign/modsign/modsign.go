// SPDX-License-Identifier: Apache-2.0

// Package modsign signs kernel modules in the form that the kernel verifies
// (kernel/module_signature.c): the module, a detached CMS signature (RFC 5652),
// struct module_signature, and a magic string.
//
// The CMS is the one that the kernel's own sign-file makes: no certificates, no
// signed attributes, the signer named by issuer and serial number. With so
// little in it, encoding/asn1 writes it in a page.
package modsign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // digests that kernels are configured for
	_ "crypto/sha3"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
)

// magic ends every signed module.
const magic = "~Module signature appended~\n"

// trailerSize is sizeof(struct module_signature); idPKCS7 its id_type.
const (
	trailerSize = 12
	idPKCS7     = 2
)

// Signer is a key with its certificate, which the kernel must know.
type Signer struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// NewSigner joins a key and its certificate.
func NewSigner(key crypto.Signer, certificate *x509.Certificate) (*Signer, error) {
	public, ok := certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the certificate is not of this key")
	}
	switch key.Public().(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return &Signer{key, certificate}, nil
	}
	return nil, fmt.Errorf("the key is a %T; the kernel knows RSA, and ECDSA since 5.13", key.Public())
}

// digest is one that CONFIG_MODULE_SIG_HASH can name.
type digest struct {
	hash  crypto.Hash
	oid   asn1.ObjectIdentifier
	ecdsa asn1.ObjectIdentifier // ECDSA with it
}

var (
	hashes     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2}
	sha3ECDSA  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3}
	sha2ECDSA  = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3}
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSigned  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	asn1Null   = asn1.RawValue{Tag: asn1.TagNull}
	digestByID = map[string]digest{
		"sha256":   {crypto.SHA256, below(hashes, 1), below(sha2ECDSA, 2)},
		"sha384":   {crypto.SHA384, below(hashes, 2), below(sha2ECDSA, 3)},
		"sha512":   {crypto.SHA512, below(hashes, 3), below(sha2ECDSA, 4)},
		"sha3-256": {crypto.SHA3_256, below(hashes, 8), below(sha3ECDSA, 10)},
		"sha3-384": {crypto.SHA3_384, below(hashes, 9), below(sha3ECDSA, 11)},
		"sha3-512": {crypto.SHA3_512, below(hashes, 10), below(sha3ECDSA, 12)},
	}
)

func below(oid asn1.ObjectIdentifier, n int) asn1.ObjectIdentifier {
	return append(append(asn1.ObjectIdentifier{}, oid...), n)
}

// Sign returns the module with its signature. hash is the kernel's
// CONFIG_MODULE_SIG_HASH.
func (s *Signer) Sign(module []byte, hash string) ([]byte, error) {
	if bytes.HasSuffix(module, []byte(magic)) {
		return nil, errors.New("the module is signed already")
	}
	if !bytes.HasPrefix(module, []byte("\x7fELF")) {
		return nil, errors.New("not a module: no ELF object")
	}
	cms, err := s.cms(module, hash)
	if err != nil {
		return nil, err
	}
	trailer := make([]byte, trailerSize)
	trailer[2] = idPKCS7
	binary.BigEndian.PutUint32(trailer[8:], uint32(len(cms)))
	return bytes.Join([][]byte{module, cms, trailer, []byte(magic)}, nil), nil
}

type algorithm struct {
	ID         asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type signerInfo struct {
	Version   int
	Signer    issuerAndSerial
	Digest    algorithm
	Algorithm algorithm
	Signature []byte
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type signedData struct {
	Version int
	Digests []algorithm `asn1:"set"`
	Content struct{ Type asn1.ObjectIdentifier }
	Signers []signerInfo `asn1:"set"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

// cms makes the detached signature.
func (s *Signer) cms(data []byte, hash string) ([]byte, error) {
	d, ok := digestByID[hash]
	if !ok {
		return nil, fmt.Errorf("the digest %q is not known; known are sha256, sha384, sha512 and sha3-256, -384, -512", hash)
	}
	h := d.hash.New()
	h.Write(data)
	signature, err := s.key.Sign(rand.Reader, h.Sum(nil), d.hash)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	how := algorithm{ID: oidRSA, Parameters: asn1Null}
	if _, ok := s.key.Public().(*ecdsa.PublicKey); ok {
		how = algorithm{ID: d.ecdsa}
	}
	c := contentInfo{Type: oidSigned, Content: signedData{
		Version: 1,
		Digests: []algorithm{{ID: d.oid}},
		Signers: []signerInfo{{
			Version: 1,
			Signer: issuerAndSerial{
				Issuer: asn1.RawValue{FullBytes: s.certificate.RawIssuer},
				Serial: s.certificate.SerialNumber,
			},
			Digest:    algorithm{ID: d.oid},
			Algorithm: how,
			Signature: signature,
		}},
	}}
	c.Content.Content.Type = oidData
	return asn1.Marshal(c)
}

// Split takes a signed module apart: the module, and its detached signature.
// It is an error if there is none.
func Split(signed []byte) (module, signature []byte, err error) {
	rest, ok := bytes.CutSuffix(signed, []byte(magic))
	if !ok {
		return nil, nil, errors.New("the module is not signed")
	}
	if len(rest) < trailerSize {
		return nil, nil, errors.New("damaged signature: no trailer")
	}
	trailer := rest[len(rest)-trailerSize:]
	rest = rest[:len(rest)-trailerSize]
	size := binary.BigEndian.Uint32(trailer[8:])
	if !bytes.Equal(trailer[:8], []byte{0, 0, idPKCS7, 0, 0, 0, 0, 0}) || uint64(size) >= uint64(len(rest)) {
		return nil, nil, fmt.Errorf("damaged signature: trailer %x", trailer)
	}
	cut := len(rest) - int(size)
	return rest[:cut], rest[cut:], nil
}
