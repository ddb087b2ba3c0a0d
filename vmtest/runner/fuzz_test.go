// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tidelock/tidelock/vmtest/qemu"
)

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"name":"//x:y","kernel":"k","arch":"x86_64","qemu_root":"q","image":"i","initrd":"r","accel":"tcg","memory_mib":64,"cpus":1,"timeout_seconds":1,"programs":[{"name":"t","path":"/t","format":"go"}],"expect":{}}`))
	f.Add([]byte(`{"name":"//x:y","skip":"why"}`))
	f.Add([]byte(`{"ignore":[{"title":"(","reason":"r"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "c")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file, "/d")
		if err != nil || c.Skip != "" {
			return
		}
		if _, err := c.machine().Args(qemu.Chardevs{Console: "null", Events: "null"}); err != nil {
			t.Errorf("a configuration that was accepted makes no machine: %v", err)
		}
		for _, p := range []string{c.QEMURoot, c.Image, c.Initrd} {
			if !filepath.IsAbs(p) {
				t.Errorf("%q is not absolute", p)
			}
		}
	})
}
