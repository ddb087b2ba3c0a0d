// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	for _, c := range []struct {
		arch, accel string
		want        []string
	}{
		{X8664, TCG, []string{"-machine q35 -cpu max -accel tcg", "console=ttyS0,115200", "no_timer_check", "vmtest.events=ttyS1", "-serial chardev:events"}},
		{X8664, KVM, []string{"-cpu host -accel kvm"}},
		{AArch64, TCG, []string{"-machine virt -cpu max,pauth-impdef=on -accel tcg", "console=ttyAMA0,115200", "vmtest.events=ttyS0", "-device pci-serial,chardev=events"}},
		{AArch64, KVM, []string{"-cpu host -accel kvm"}},
	} {
		m := &Machine{Arch: c.arch, Root: "/q", Accel: c.accel, Kernel: "K", Initrd: "I", Append: "quiet x", MemoryMiB: 512, CPUs: 2, Extra: []string{"-s"}}
		args, err := m.Args(Chardevs{Console: "socket,fd=3", Events: "socket,fd=4"})
		if err != nil {
			t.Fatal(err)
		}
		line := strings.Join(args, " ")
		for _, w := range append(c.want, "-m 512 -smp 2,sockets=2", "-kernel K -initrd I -append", "quiet x", "-chardev socket,id=console,fd=3", "-chardev socket,id=events,fd=4", "-no-reboot", "-L /q/usr/share/qemu") {
			if !strings.Contains(line, w) {
				t.Errorf("%s %s: %q is missing in %s", c.arch, c.accel, w, line)
			}
		}
	}
}

func TestArgsRefuse(t *testing.T) {
	good := Machine{Arch: X8664, Accel: TCG, MemoryMiB: 512, CPUs: 1}
	for name, change := range map[string]func(*Machine){
		"architecture": func(m *Machine) { m.Arch = "riscv64" },
		"accelerator":  func(m *Machine) { m.Accel = "hax" },
		"MiB":          func(m *Machine) { m.MemoryMiB = 0 },
		"CPUs":         func(m *Machine) { m.CPUs = -1 },
	} {
		m := good
		change(&m)
		if _, err := m.Args(byHand); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := good.Args(byHand); err != nil {
		t.Error(err)
	}
}

func TestCommandIsForAShell(t *testing.T) {
	m := &Machine{Arch: X8664, Root: "/it's here", Accel: TCG, Kernel: "a b", Initrd: "i", MemoryMiB: 64, CPUs: 1}
	got := m.Command()
	for _, w := range []string{`'/it'\''s here/usr/bin/qemu-system-x86_64' `, `-kernel 'a b'`, `-append 'console=`, `-chardev stdio,id=console`} {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in %s", w, got)
		}
	}
}

func TestNetworkDevice(t *testing.T) {
	m := &Machine{Arch: AArch64, Root: "/q", Accel: TCG, Kernel: "K", Initrd: "I", MemoryMiB: 64, CPUs: 1}
	if strings.Contains(m.Command(), "net") {
		t.Errorf("a network that nobody asked for: %s", m.Command())
	}
	m.Network = &Network{MAC: "52:54:00:00:00:07"}
	args, err := m.Args(Chardevs{Console: "null", Events: "null", Network: "stream,addr.type=fd,addr.str=5"})
	line := strings.Join(args, " ")
	for _, w := range []string{"-netdev stream,id=net0,addr.type=fd,addr.str=5", "-device virtio-net-pci,netdev=net0,romfile=,mac=52:54:00:00:00:07"} {
		if err != nil || !strings.Contains(line, w) {
			t.Errorf("%q is missing in %s, %v", w, line, err)
		}
	}
	if !strings.Contains(m.Command(), "-netdev socket,id=net0,mcast=") {
		t.Errorf("by hand: %s", m.Command())
	}
}
