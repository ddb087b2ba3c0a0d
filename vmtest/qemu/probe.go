// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/tidelock/tidelock/tools/wholefile"
)

// probeTime is how long the probe's guest may take. It needs a few instructions.
const probeTime = time.Second

// probeCode is what the probe's guest of x86 says through isa-debug-exit; QEMU
// makes the exit code 2n+1 of it.
const probeCode = 0x21

// probeByte is what the probe's guest of aarch64 writes to its serial port.
const probeByte = 'K'

// firmware returns a boot ROM that proves, by a handful of instructions, that the
// accelerator executes guest code.
func firmware(arch string) []byte {
	rom := make([]byte, 64<<10)
	switch arch {
	case X8664:
		copy(rom[len(rom)-16:], []byte{ // the reset vector, real mode
			0xb0, probeCode, // mov al, probeCode
			0xe6, 0xf4, // out 0xf4, al
			0xf4,       // hlt
			0xeb, 0xfd, // jmp back to hlt
		})
	case AArch64:
		for i, ins := range []uint32{
			0xd2a12001, // movz x1, #0x0900, lsl #16: the PL011 of the virt board
			0x52800000 | probeByte<<5,
			0xb9000020, // str  w0, [x1]
			0x52b08000, // movz w0, #0x8400, lsl #16
			0x72800100, // movk w0, #8: PSCI SYSTEM_OFF
			0xd4000002, // hvc  #0
			0x14000000, // b    .
		} {
			binary.LittleEndian.PutUint32(rom[4*i:], ins)
		}
	}
	return rom
}

// Probe runs a guest of a few bytes on the machine's accelerator and reports an error unless it ran to its end
// in a second. A /dev/kvm that can be opened proves nothing: there are some whose
// guests then stand still.
func Probe(ctx context.Context, m *Machine) error {
	b, err := boardOf(m.Arch)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kvm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rom := filepath.Join(dir, "rom")
	if err := os.WriteFile(rom, firmware(m.Arch), 0o600); err != nil {
		return err
	}
	out := filepath.Join(dir, "out")
	args := []string{"-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot"}
	args = append(args, m.dataDirs()...)
	args = append(args, b.machine[m.Accel]...)
	args = append(args, "-accel", m.Accel, "-m", "64", "-bios", rom,
		"-chardev", "file,id=out,path="+out, "-serial", "chardev:out")
	want := 0
	if m.Arch == X8664 {
		args = append(args, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04")
		want = 2*probeCode + 1
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	end, err := run(ctx, m.program(), env(m.moduleDir()), args, nil, nil)
	switch {
	case err != nil:
		return err
	case end.Killed:
		return fmt.Errorf("a guest of a few bytes did not end within %v", probeTime)
	case end.Code != want || end.Signal != "":
		return fmt.Errorf("a guest of a few bytes ended QEMU with %d %s, not %d: %s", end.Code, end.Signal, want, strings.TrimSpace(end.Stderr))
	}
	if m.Arch == AArch64 {
		said, err := os.ReadFile(out)
		if err != nil || !bytes.Equal(said, []byte{probeByte}) {
			return fmt.Errorf("a guest of a few bytes wrote %q to its serial port, not %q (%v)", said, probeByte, err)
		}
	}
	return nil
}

// KVMAnswer is what is remembered about /dev/kvm on this machine.
type KVMAnswer struct {
	// Boot is the boot id of the machine: after a restart the question is new.
	Boot string `json:"boot"`
	// Program is the QEMU that was asked.
	Program string `json:"program"`
	// Works says whether its guests run.
	Works bool `json:"works"`
	// Why says why not.
	Why string `json:"why,omitempty"`
}

// KVMWorks reports whether KVM runs guests of the machine's
// architecture here, and if not, why. The
// answer is kept in cacheDir, if that is not empty, until the machine restarts.
func KVMWorks(ctx context.Context, m *Machine, cacheDir string) (bool, string) {
	host := hostArch()
	if m.Arch != host {
		return false, fmt.Sprintf("the guest is %s and this machine is %s", m.Arch, host)
	}
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false, err.Error()
	}
	f.Close()
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		cacheDir = ""
	}
	boot := strings.TrimSpace(string(id))
	file := filepath.Join(cacheDir, "kvm-"+m.Arch+".json")
	if cacheDir != "" {
		var a KVMAnswer
		data, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(data, &a) == nil && a.Boot == boot && a.Program == m.program() {
			return a.Works, a.Why
		}
	}
	a := KVMAnswer{Boot: boot, Program: m.program(), Works: true}
	k := *m
	k.Accel = KVM
	if err := Probe(ctx, &k); err != nil {
		a.Works, a.Why = false, err.Error()
	}
	if cacheDir != "" && ctx.Err() == nil {
		remember(file, a)
	}
	return a.Works, a.Why
}

// hostArch names this machine's architecture as those of guests are.
func hostArch() string {
	switch runtime.GOARCH {
	case "amd64":
		return X8664
	case "arm64":
		return AArch64
	}
	return runtime.GOARCH
}

// remember writes the answer; where that fails, the next test asks again.
func remember(file string, a KVMAnswer) {
	data, err := json.Marshal(a)
	if err != nil || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	wholefile.Write(file, append(data, '\n'), 0o600)
}
