// SPDX-License-Identifier: Apache-2.0

package relocate

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Programs that Bazel starts directly, below the root. Each carries its loader
// and library folder inside; everything else is loaded by one of them.
func (l Layout) programs() []string {
	return []string{
		"usr/bin/bazel",
		"usr/libexec/*/bazel/*",
		l.JVM + "/bin/java",
		l.JVM + "/bin/keytool",
		l.JVM + "/lib/jspawnhelper",
	}
}

// Programs makes Bazel's and Java's programs use the loader and the libraries
// of the packages themselves, as they will be found below final. patchelf is
// the program of that name out of a package of the same suite; it is started
// through the same loader, so that the machine's C library does not matter.
func (l Layout) Programs(root, final, patchelf string) error {
	for _, pattern := range l.programs() {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("the unpacked packages have no %s", pattern)
		}
		for _, file := range files {
			if !isProgram(file) {
				continue
			}
			cmd := exec.Command(filepath.Join(root, l.Loader), "--library-path", filepath.Join(root, l.Lib), patchelf,
				"--set-interpreter", filepath.Join(final, l.Loader),
				// RPATH, not RUNPATH: it holds for the libraries of libraries too.
				"--force-rpath", "--set-rpath", filepath.Join(final, l.Lib)+":"+filepath.Join(final, l.JVM, "lib"),
				file)
			var complaint bytes.Buffer
			cmd.Stderr = &complaint
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("patchelf %s: %w: %s", strings.TrimPrefix(file, root), err, strings.TrimSpace(complaint.String()))
			}
		}
	}
	return nil
}

// isProgram tells whether a file is a dynamically linked program, as opposed
// to a script, a symbolic link or a static program.
func isProgram(file string) bool {
	st, err := os.Lstat(file)
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	f, err := elf.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	return f.Section(".interp") != nil
}

// Links turns absolute symbolic links, such as Java's conf -> /etc/java-25-openjdk,
// into links to the same place below final.
func Links(root, final string) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return err
		}
		to, err := os.Readlink(p)
		if err != nil || !filepath.IsAbs(to) {
			return err
		}
		if err := os.Remove(p); err != nil {
			return err
		}
		return os.Symlink(filepath.Join(final, to), p)
	})
}
