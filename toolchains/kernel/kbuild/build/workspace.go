// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// workspace is the temporary folder of one build, with the kernel's headers
// unpacked in it, and the tool roots that are all it can start programs from.
type workspace struct {
	dir    string // absolute, free of links
	path   searchDirs
	kernel kernelTree
}

// openWorkspace makes the folder and unpacks the packed headers. The caller
// closes it.
func openWorkspace(archives, toolDirs []string) (*workspace, error) {
	path, err := searchPath(toolDirs)
	if err != nil {
		return nil, err
	}
	dir, err := scratch()
	if err != nil {
		return nil, err
	}
	w := &workspace{dir: dir, path: path, kernel: kernelTree{dir: filepath.Join(dir, "kernel"), path: path}}
	for _, a := range archives {
		if err := w.kernel.unpack(a); err != nil {
			w.close()
			return nil, fmt.Errorf("%s: %w", a, err)
		}
	}
	return w, nil
}

// close removes the folder.
func (w *workspace) close() { os.RemoveAll(w.dir) }

// module is where the sources of the module lie.
func (w *workspace) module() string { return filepath.Join(w.dir, "module") }

// make runs make, with nothing in its environment that comes from the caller's,
// and returns what it printed. On failure the error carries that too.
func (w *workspace) make(env []string, args ...string) (string, error) {
	program, err := w.path.find("make")
	if err != nil {
		return "", err
	}
	shell, err := w.path.find("bash")
	if err != nil {
		return "", err
	}
	tmp := filepath.Join(w.dir, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command(program, append(slices.Clone(args), "SHELL="+shell, "CONFIG_SHELL="+shell)...)
	cmd.Dir = w.dir
	cmd.Env = append([]string{
		"PATH=" + w.path.String(), "LC_ALL=C", "HOME=" + w.dir, "TMPDIR=" + tmp,
		"KBUILD_BUILD_USER=tidelock", "KBUILD_BUILD_HOST=tidelock", "KBUILD_BUILD_TIMESTAMP=1970-01-01",
		"SOURCE_DATE_EPOCH=0",
	}, env...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("make: %w\n%s\ncommand: %s", err, log.String(), strings.Join(cmd.Args, " "))
	}
	return log.String(), nil
}
