// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// realQEMU finds QEMU for a test that runs it: below $VMTEST_QEMU_ROOT as Bazel
// gives it, or on the PATH of a person who runs `go test`.
func realQEMU(t *testing.T, arch string) (string, []string) {
	t.Helper()
	name, err := ProgramName(arch)
	if err != nil {
		t.Fatal(err)
	}
	if root := os.Getenv("VMTEST_QEMU_ROOT"); root != "" {
		return filepath.Join(root, "usr/bin", name), []string{filepath.Join(root, "usr/share/qemu"), filepath.Join(root, "usr/share/seabios")}
	}
	p, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine", name)
	}
	return p, nil
}

// The probe's guests are proved under TCG, which works everywhere; a probe that
// could not succeed would silently turn KVM off.
func TestProbeSucceedsWhereGuestsRun(t *testing.T) {
	for _, arch := range []string{X8664, AArch64} {
		t.Run(arch, func(t *testing.T) {
			program, dirs := realQEMU(t, arch)
			var err error
			for range 3 { // a second is short on a loaded machine
				if err = Probe(context.Background(), program, arch, TCG, dirs); err == nil {
					return
				}
			}
			t.Error(err)
		})
	}
}

func fakeProgram(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qemu")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProbeRefuses(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"hangs", "sleep 60", "did not end within"},
		{"ends well without the guest", "exit 0", "not 67"},
		{"dies", "echo 'kvm: internal error' >&2; exit 1", "kvm: internal error"},
		{"is killed", "kill -9 $$", "SIGKILL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			err := Probe(context.Background(), fakeProgram(t, c.script), X8664, KVM, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if d := time.Since(begin); d > probeTime+3*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
	if err := Probe(context.Background(), "/nonexistent/qemu", X8664, KVM, nil); err == nil {
		t.Error("a missing QEMU passed the probe")
	}
}

func TestKVMAnswerIsRemembered(t *testing.T) {
	if _, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err != nil {
		t.Skip("no /dev/kvm here")
	}
	dir := t.TempDir()
	count := filepath.Join(dir, "count")
	program := fakeProgram(t, "echo x >> "+count+"; exit 1")
	arch := X8664
	for range 2 {
		if ok, why := KVMWorks(context.Background(), program, arch, nil, dir); ok || why == "" {
			t.Fatalf("works=%v why=%q", ok, why)
		}
	}
	if data, _ := os.ReadFile(count); string(data) != "x\n" {
		t.Errorf("QEMU was asked %q, want once", data)
	}
	other := AArch64
	if ok, why := KVMWorks(context.Background(), program, other, nil, dir); ok || !strings.Contains(why, "this machine") {
		t.Errorf("KVM for another architecture: %v %q", ok, why)
	}
}
