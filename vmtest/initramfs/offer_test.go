// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// A module on offer lies in the guest with all that it needs, and is not loaded.
func TestOffer(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"init": "I", "tls.ko": "T", "gcm.ko": "G", "ghash.ko": "H", "other.ko": "O",
		"modules.json": `[
			{"name":"gcm","path":"/lib/gcm.ko","depends":["ghash"],"aliases":["crypto-gcm"]},
			{"name":"ghash","path":"/lib/ghash.ko"},
			{"name":"other","path":"/lib/other.ko"},
			{"name":"tls","path":"/lib/tls.ko"}]`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := Spec{
		Init: filepath.Join(dir, "init"), ModulesDir: dir, Offer: []string{"gcm?", "sm4?"},
		Config: wire.Config{Programs: []wire.Program{{Name: "p", Path: "/p", Format: "tap"}}, Load: []string{"tls"}},
	}
	entries, err := s.Entries()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Bytes(entries)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(list(t, archive), "\n")
	for _, w := range []string{"f lib/gcm.ko G", "f lib/ghash.ko H", "f lib/tls.ko T", `"crypto-gcm"`, `"load": [` + "\n    \"tls\"\n  ]"} {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
	if strings.Contains(text, "lib/other.ko") {
		t.Error("a module that nobody asked for is in the archive")
	}
	s.Offer = []string{"sm4"}
	if _, err := s.Entries(); err == nil || !strings.Contains(err.Error(), "module sm4") {
		t.Errorf("error %v", err)
	}
}
