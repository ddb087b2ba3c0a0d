// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"os"
	"path/filepath"
	"strings"
)

// HostCompiler compiles programs for the machine that builds.
type HostCompiler struct {
	// Bin is the folder of the compiler and its binutils.
	Bin string
	// Sysroot has the headers and libraries.
	Sysroot string
	// CC is the compiler with all that it always needs, as HOSTCC wants it.
	CC string
}

// HostCompiler prepares the compiler of the given path to be used in the folder.
func (w *Workspace) HostCompiler(compiler, sysroot string) (*HostCompiler, error) {
	compiler, err := filepath.Abs(compiler)
	if err != nil {
		return nil, err
	}
	if sysroot, err = filepath.Abs(sysroot); err != nil {
		return nil, err
	}
	h := &HostCompiler{Bin: filepath.Dir(compiler), Sysroot: sysroot}
	// The linker script libc.so of the C library names its parts by absolute
	// paths, which hold on an installed system only.
	libs := filepath.Join(w.Dir, "lib")
	if err := os.MkdirAll(libs, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(libs, "libc.so"), []byte("GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( ld-linux-x86-64.so.2 ) )\n"), 0o644); err != nil {
		return nil, err
	}
	h.CC = strings.Join([]string{
		compiler, "-B" + h.Bin + "/", "--sysroot=" + sysroot, "-L" + libs, "-Wl,--build-id=none",
		"-ffile-prefix-map=" + w.Dir + "/=",
	}, " ")
	return h, nil
}
