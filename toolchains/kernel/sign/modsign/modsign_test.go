// SPDX-License-Identifier: Apache-2.0

package modsign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// identity is a key and certificate made for one test.
type identity struct {
	key                  crypto.Signer
	keyFile, certificate string
}

func newIdentity(t testing.TB, key crypto.Signer) identity {
	t.Helper()
	template := &x509.Certificate{
		// The highest bit is set: a negative number if it were written carelessly.
		SerialNumber: new(big.Int).SetBytes([]byte{0xf0, 1, 2, 3}),
		Subject:      pkix.Name{Organization: []string{"Test"}, CommonName: "Throw-away module signing key"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return identity{key, writePEM(t, dir, "key.pem", "PRIVATE KEY", private), writePEM(t, dir, "cert.pem", "CERTIFICATE", der)}
}

func writePEM(t testing.TB, dir, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecdsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var module = append([]byte("\x7fELF"), bytes.Repeat([]byte("not much of a module\n"), 200)...)

// openssl runs the OpenSSL of the tool root.
func openssl(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	program := filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("OPENSSL_ROOT"), "usr/bin/openssl")
	if os.Getenv("OPENSSL_ROOT") == "" {
		var err error
		if program, err = exec.LookPath("openssl"); err != nil {
			t.Skip("no openssl; under tools/bazel test the tool root has one")
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "OPENSSL_CONF=/dev/null"}
	return cmd.CombinedOutput()
}

// What is signed here is what OpenSSL verifies, and with RSA, which leaves no
// choice, what it would have signed: byte for byte.
func TestAgainstOpenSSL(t *testing.T) {
	for _, c := range []struct {
		name string
		id   identity
	}{
		{"rsa", newIdentity(t, rsaKey(t))},
		{"ecdsa", newIdentity(t, ecdsaKey(t))},
	} {
		signer, err := Load(c.id.keyFile, c.id.certificate)
		if err != nil {
			t.Fatal(err)
		}
		for hash := range digestByID {
			t.Run(c.name+"/"+hash, func(t *testing.T) {
				signed, err := signer.Sign(module, hash)
				if err != nil {
					t.Fatal(err)
				}
				rest, signature, err := Split(signed)
				if err != nil || !bytes.Equal(rest, module) {
					t.Fatalf("Split: %v", err)
				}
				dir := t.TempDir()
				write := func(name string, data []byte) string {
					file := filepath.Join(dir, name)
					if err := os.WriteFile(file, data, 0o644); err != nil {
						t.Fatal(err)
					}
					return file
				}
				content, sig := write("module", module), write("sig", signature)
				verify := []string{
					"cms", "-verify", "-binary", "-inform", "DER", "-in", sig, "-certfile", c.id.certificate,
					"-CAfile", c.id.certificate, "-purpose", "any", "-out", filepath.Join(dir, "out"), "-content",
				}
				if text, err := openssl(t, append(verify, content)...); err != nil {
					t.Errorf("OpenSSL does not verify it: %v\n%s", err, text)
				}
				other := bytes.Clone(module)
				other[100] ^= 1
				if text, err := openssl(t, append(verify, write("other", other))...); err == nil {
					t.Errorf("OpenSSL verifies it for another module\n%s", text)
				}
				if c.name != "rsa" {
					return
				}
				text, err := openssl(t, "cms", "-sign", "-binary", "-noattr", "-nocerts", "-nosmimecap", "-outform", "DER", "-md", hash,
					"-signer", c.id.certificate, "-inkey", c.id.keyFile, "-in", content, "-out", filepath.Join(dir, "theirs"))
				if err != nil {
					t.Fatalf("openssl cms -sign: %v\n%s", err, text)
				}
				theirs, err := os.ReadFile(filepath.Join(dir, "theirs"))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(signature, theirs) {
					t.Errorf("OpenSSL signs otherwise:\nours   %x\ntheirs %x", signature, theirs)
				}
			})
		}
	}
}

func TestRefuses(t *testing.T) {
	a, b := newIdentity(t, ecdsaKey(t)), newIdentity(t, ecdsaKey(t))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := newIdentity(t, edKey)
	encrypted := writePEM(t, t.TempDir(), "key.pem", "ENCRYPTED PRIVATE KEY", []byte("x"))
	damaged := writePEM(t, t.TempDir(), "key.pem", "PRIVATE KEY", []byte("x"))
	for name, c := range map[string]struct{ key, certificate, want string }{
		"another's certificate": {a.keyFile, b.certificate, "not of this key"},
		"a certificate for key": {a.certificate, a.certificate, `no PEM block "PRIVATE KEY"`},
		"a key for certificate": {a.keyFile, a.keyFile, `no PEM block "CERTIFICATE"`},
		"an encrypted key":      {encrypted, a.certificate, "encrypted"},
		"a damaged key":         {damaged, a.certificate, "key.pem"},
		"Ed25519":               {ed.keyFile, ed.certificate, "knows RSA"},
		"no file":               {"/nowhere/key.pem", a.certificate, "/nowhere/key.pem"},
	} {
		if _, err := Load(c.key, c.certificate); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	signer, err := Load(a.keyFile, a.certificate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Sign(module, "md5"); err == nil || !strings.Contains(err.Error(), `"md5" is not known`) {
		t.Errorf("md5: %v", err)
	}
	if _, err := signer.Sign([]byte("text"), "sha256"); err == nil {
		t.Error("text was signed")
	}
	signed, err := signer.Sign(module, "sha256")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Sign(signed, "sha256"); err == nil || !strings.Contains(err.Error(), "signed already") {
		t.Errorf("signing twice: %v", err)
	}
}

func TestSplitDamaged(t *testing.T) {
	signer, err := NewSigner(func() (crypto.Signer, *x509.Certificate) {
		id := newIdentity(t, ecdsaKey(t))
		c, err := loadCertificate(id.certificate)
		if err != nil {
			t.Fatal(err)
		}
		return id.key, c
	}())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(module, "sha256")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Split(module); err == nil {
		t.Error("an unsigned module was split")
	}
	at := len(signed) - len(magic) - trailerSize
	for name, change := range map[string]func([]byte){
		"type":     func(b []byte) { b[at+2] = 1 },
		"key id":   func(b []byte) { b[at+4] = 1 },
		"too long": func(b []byte) { b[at+8] = 0xff },
		"magic":    func(b []byte) { b[len(b)-2] = 'x' },
	} {
		bad := bytes.Clone(signed)
		change(bad)
		if _, _, err := Split(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("\x7fELF sig\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x03" + magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		module, signature, err := Split(data)
		if err == nil && len(module)+len(signature)+trailerSize+len(magic) != len(data) {
			t.Fatalf("%d + %d of %d bytes", len(module), len(signature), len(data))
		}
	})
}
