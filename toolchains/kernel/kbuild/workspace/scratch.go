// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"os"
	"path/filepath"
	"syscall"
)

// noExec is ST_NOEXEC of statfs(2): programs cannot be run from there.
const noExec = 0x8

// ForModule is what unpacked headers and a module's objects take at most, in bytes.
const ForModule = 512 << 20

// scratch makes an empty folder to work in, in memory where that has need bytes:
// on a disk, making some six thousand header files takes longer than compiling.
// The name is free of links, since the kernel's makefiles compare paths.
func scratch(need uint64) (string, error) {
	parent := ""
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err == nil && fs.Flags&noExec == 0 && fs.Bavail*uint64(fs.Bsize) >= need {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "kbuild")
	if err != nil && parent != "" {
		dir, err = os.MkdirTemp("", "kbuild")
	}
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}
