// SPDX-License-Identifier: Apache-2.0

package modsign

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// Load reads a key and its certificate from PEM files, which may be the same.
func Load(keyFile, certificateFile string) (*Signer, error) {
	key, err := loadKey(keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	certificate, err := loadCertificate(certificateFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certificateFile, err)
	}
	s, err := NewSigner(key, certificate)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", keyFile, certificateFile, err)
	}
	return s, nil
}

// block finds the first PEM block whose type is one of these.
func block(file string, types ...string) (*pem.Block, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for len(data) > 0 {
		var b *pem.Block
		if b, data = pem.Decode(data); b == nil {
			break
		}
		for _, t := range types {
			if b.Type == t {
				return b, nil
			}
		}
	}
	return nil, fmt.Errorf("no PEM block %q in it", types[0])
}

func loadKey(file string) (crypto.Signer, error) {
	b, err := block(file, "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	var key any
	switch {
	case b.Type == "ENCRYPTED PRIVATE KEY" || b.Headers["DEK-Info"] != "":
		return nil, errors.New("the key is encrypted; a build has nobody to ask for the password")
	case b.Type == "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	case b.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(b.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(b.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}
	return signer, nil
}

func loadCertificate(file string) (*x509.Certificate, error) {
	b, err := block(file, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(b.Bytes)
}
