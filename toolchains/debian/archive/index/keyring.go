// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// DefaultKeyring is where Debian and its derivatives keep the archive's keys.
const DefaultKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// Keyring holds the keys whose signatures count.
type Keyring struct {
	keys openpgp.EntityList
	path string
}

// LoadKeyring reads a keyring of OpenPGP keys, binary or armored.
func LoadKeyring(path string) (*Keyring, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the archive's keys: %w; install the package debian-archive-keyring or name the file with --keyring", err)
	}
	keys, err := ReadKeyring(data)
	if err != nil {
		return nil, fmt.Errorf("the archive's keys in %s: %w", path, err)
	}
	keys.path = path
	return keys, nil
}

// ReadKeyring parses a keyring.
func ReadKeyring(data []byte) (*Keyring, error) {
	read := openpgp.ReadKeyRing
	if bytes.HasPrefix(data, []byte("-----BEGIN")) {
		read = openpgp.ReadArmoredKeyRing
	}
	keys, err := read(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("no key in it")
	}
	return &Keyring{keys: keys}, nil
}

// Verify checks a clear-signed text, such as an InRelease file, and returns
// the text that was signed and the fingerprint of the key that signed it. A
// file signed by several keys needs one of them to be in the keyring; a bad
// signature by a known key is an error all the same. Nothing outside of the
// signed part is returned.
func (k *Keyring) Verify(data []byte) (text []byte, signer string, err error) {
	block, rest := clearsign.Decode(data)
	if block == nil {
		return nil, "", errors.New("it is not a clear-signed file")
	}
	if len(bytes.TrimSpace(rest)) > 0 || !bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN PGP SIGNED MESSAGE-----")) {
		return nil, "", errors.New("it contains more than the signed text")
	}
	if block.ArmoredSignature == nil {
		return nil, "", errors.New("it has no signature")
	}
	if block.ArmoredSignature.Type != openpgp.SignatureType {
		return nil, "", fmt.Errorf("its signature is a %q", block.ArmoredSignature.Type)
	}
	// Signatures are judged at the moment they claim to be made: the archive
	// of a suite past its end stays signed by a key that has expired since.
	// Replaying an old head is what Valid-Until is against, not this.
	signatures, err := splitSignatures(block.ArmoredSignature)
	if err != nil {
		return nil, "", err
	}
	var unknown []string
	for _, s := range signatures {
		known := s.issuer != 0 && len(k.keys.KeysById(s.issuer)) > 0
		if !known {
			unknown = append(unknown, fmt.Sprintf("%016X", s.issuer))
			continue
		}
		at := s.made
		entity, err := openpgp.CheckDetachedSignature(k.keys, bytes.NewReader(block.Bytes), bytes.NewReader(s.raw),
			&packet.Config{Time: func() time.Time { return at }})
		if err != nil {
			return nil, "", fmt.Errorf("its signature by the key %016X does not hold: %w", s.issuer, err)
		}
		if signer == "" {
			signer = fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint)
		}
	}
	if signer == "" {
		return nil, "", fmt.Errorf("it is signed by none of the keys in %s but by %s; a newer package debian-archive-keyring may know them", k.name(), list(unknown))
	}
	return block.Plaintext, signer, nil
}

func (k *Keyring) name() string {
	if k.path == "" {
		return "the keyring"
	}
	return k.path
}

type signature struct {
	raw    []byte
	issuer uint64
	made   time.Time
}

// splitSignatures takes the packets of a signature block apart, so that those
// by unknown keys can be told from bad ones.
func splitSignatures(block *armor.Block) ([]signature, error) {
	const most = 20
	var out []signature
	r := packet.NewReader(block.Body)
	for {
		p, err := r.Next()
		if p == nil || err != nil {
			if len(out) == 0 {
				return nil, errors.New("its signature block holds no signature")
			}
			if err != nil && !isEOF(err) {
				return nil, fmt.Errorf("its signature block is damaged: %w", err)
			}
			return out, nil
		}
		s, ok := p.(*packet.Signature)
		if !ok {
			return nil, errors.New("its signature block holds something else than signatures")
		}
		if len(out) == most {
			return nil, fmt.Errorf("more than %d signatures", most)
		}
		var raw bytes.Buffer
		if err := s.Serialize(&raw); err != nil {
			return nil, fmt.Errorf("its signature block is damaged: %w", err)
		}
		x := signature{raw: raw.Bytes(), made: s.CreationTime}
		if s.IssuerKeyId != nil {
			x.issuer = *s.IssuerKeyId
		}
		out = append(out, x)
	}
}
