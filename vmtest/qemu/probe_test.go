// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// qemuRoot is the locked QEMU that Bazel gives, or the machine's own for a person who
// runs `go test`.
func qemuRoot(arch string) string {
	if root := os.Getenv("VMTEST_QEMU_ROOT_" + strings.ToUpper(arch)); root != "" {
		return filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), root)
	}
	return "/"
}

// The probe's guests are proved under TCG, which works everywhere; a probe that
// could not succeed would silently turn KVM off.
func TestProbeSucceedsWhereGuestsRun(t *testing.T) {
	for _, arch := range []string{X8664, AArch64} {
		t.Run(arch, func(t *testing.T) {
			m := &Machine{Arch: arch, Root: qemuRoot(arch), Accel: TCG}
			if _, err := exec.LookPath(m.program()); err != nil {
				t.Skipf("no QEMU for %s below %s", arch, m.Root)
			}
			var err error
			for range 5 { // a second is short on a loaded machine
				if err = Probe(context.Background(), m); err == nil {
					return
				}
			}
			t.Error(err)
		})
	}
}
