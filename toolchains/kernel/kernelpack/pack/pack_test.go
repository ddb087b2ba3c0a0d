// SPDX-License-Identifier: Apache-2.0

package pack

import "testing"

func TestWanted(t *testing.T) {
	const flavour, common, rpm = "usr/src/linux-headers-6.1.0-56-amd64/", "usr/src/linux-headers-6.1.0-56-common/", "usr/src/kernels/6.12.0-1.el10.x86_64/"
	for name, want := range map[string]bool{
		flavour + "Makefile":                        true,
		flavour + "Module.symvers":                  true,
		flavour + ".config":                         true,
		flavour + "scripts":                         true,
		flavour + "include/config/auto.conf":        true,
		flavour + "include/config/kernel.release":   true,
		flavour + "include/config/TLS":              false,
		flavour + "include/config/tls/device.h":     false,
		flavour + "include/generated/autoconf.h":    true,
		flavour + "vmlinux":                         false,
		common + "arch/x86/include/asm/page.h":      true,
		common + "arch/arm64/Makefile":              true,
		common + "arch/Kconfig":                     true,
		common + "arch/s390/Makefile":               false,
		common + "include/net/tls.h":                true,
		common + "include/dt-bindings/clock/a.h":    false,
		rpm + "scripts/mod/modpost.c":               true,
		rpm + "include/linux/module.h":              true,
		rpm + "drivers/net/Kconfig":                 false,
		"usr/lib/linux-kbuild-6.1/scripts/Makefile": false,
		"usr/share/doc/linux/copyright":             false,
		"usr/src":                                   false,
		"":                                          false,
	} {
		if got := Wanted(name); got != want {
			t.Errorf("Wanted(%q) = %v", name, got)
		}
	}
}

func FuzzWanted(f *testing.F) {
	f.Add("usr/src/linux-headers-6.1/arch")
	f.Add("usr/src/kernels/x/include")
	f.Fuzz(func(t *testing.T, name string) {
		if Wanted(name) && name[:8] != "usr/src/" {
			t.Fatalf("%q is outside usr/src", name)
		}
	})
}
