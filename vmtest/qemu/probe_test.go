// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"context"
	"os"
	"os/exec"
	"testing"
)

// The probe's guests are proved under TCG, which works everywhere; a probe that
// could not succeed would silently turn KVM off.
func TestProbeSucceedsWhereGuestsRun(t *testing.T) {
	root := os.Getenv("VMTEST_QEMU_ROOT")
	if root == "" {
		root = "/"
	}
	for _, arch := range []string{X8664, AArch64} {
		t.Run(arch, func(t *testing.T) {
			m := &Machine{Arch: arch, Root: root, Accel: TCG}
			if _, err := exec.LookPath(m.program()); err != nil {
				t.Skipf("no QEMU below %s: $VMTEST_QEMU_ROOT names the folder of another", root)
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
