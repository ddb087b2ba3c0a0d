// SPDX-License-Identifier: Apache-2.0

// Package signing holds the test of a bundle of signed modules.
package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/kernel/modcheck/check"
	"github.com/tidelock/tidelock/toolchains/kernel/sign/modsign"
)

func runfile(path string) string { return filepath.Join(os.Getenv("TEST_SRCDIR"), path) }

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// modules finds the modules among the files of a bundle, by their kernel.
func modules(t *testing.T, variable string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, p := range strings.Fields(os.Getenv(variable)) {
		file := runfile(p)
		if filepath.Base(file) != "hello.json" {
			continue
		}
		var m check.Metadata
		if err := json.Unmarshal(read(t, file), &m); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		module := filepath.Join(filepath.Dir(file), "hello.ko")
		if sum := sha256.Sum256(read(t, module)); hex.EncodeToString(sum[:]) != m.SHA256 {
			t.Errorf("%s describes another module than the one beside it", file)
		}
		found[m.Architecture+"/"+m.Release] = module
	}
	return found
}

func TestBundle(t *testing.T) {
	if os.Getenv("SIGNED") == "" {
		t.Skip("the modules are made by the build: tools/bazel test //toolchains/kernel/tests/signing/...")
	}
	signed, unsigned := modules(t, "SIGNED"), modules(t, "UNSIGNED")
	if len(signed) < 2 || len(signed) != len(unsigned) {
		t.Fatalf("%d modules are signed of %d", len(signed), len(unsigned))
	}
	certificate := runfile(os.Getenv("CERTIFICATE"))
	for kernel, file := range signed {
		module, signature, err := modsign.Split(read(t, file))
		if err != nil {
			t.Errorf("%s: %v", kernel, err)
			continue
		}
		if !bytes.Equal(module, read(t, unsigned[kernel])) {
			t.Errorf("%s: the signed module is another than the one that was built", kernel)
		}
		sig := filepath.Join(t.TempDir(), "signature")
		if err := os.WriteFile(sig, signature, 0o644); err != nil {
			t.Fatal(err)
		}
		openssl := exec.Command(filepath.Join(runfile(os.Getenv("OPENSSL_ROOT")), "usr/bin/openssl"),
			"cms", "-verify", "-binary", "-inform", "DER", "-in", sig, "-content", unsigned[kernel],
			"-certfile", certificate, "-CAfile", certificate, "-purpose", "any", "-out", os.DevNull)
		openssl.Env = []string{"OPENSSL_CONF=" + os.DevNull}
		if text, err := openssl.CombinedOutput(); err != nil {
			t.Errorf("%s: OpenSSL does not verify it: %v\n%s", kernel, err, text)
		}
	}
}
