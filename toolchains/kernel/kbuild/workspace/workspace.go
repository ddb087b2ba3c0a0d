// SPDX-License-Identifier: Apache-2.0

// Package workspace is where a kernel's own build system runs: a temporary
// folder with a kernel in it, and the tool roots that are all it can start
// programs from.
package workspace

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Workspace is the folder of one build.
type Workspace struct {
	// Dir is the folder: absolute, and free of links.
	Dir string
	// Path holds the programs that the build may start.
	Path SearchDirs
	// Kernel is what was unpacked.
	Kernel Tree
}

// Open makes the folder, in memory where that has room for need bytes, and
// unpacks archives in the form of packed headers. The caller closes it.
func Open(archives, toolDirs []string, need uint64) (*Workspace, error) {
	path, err := searchPath(toolDirs)
	if err != nil {
		return nil, err
	}
	dir, err := scratch(need)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Dir: dir, Path: path, Kernel: Tree{Dir: filepath.Join(dir, "kernel"), path: path}}
	for _, a := range archives {
		if err := w.Kernel.unpack(a); err != nil {
			w.Close()
			return nil, fmt.Errorf("%s: %w", a, err)
		}
	}
	return w, nil
}

// Close removes the folder.
func (w *Workspace) Close() { os.RemoveAll(w.Dir) }

// Module is where the sources of an external module belong.
func (w *Workspace) Module() string { return filepath.Join(w.Dir, "module") }

// Make runs make, with nothing in its environment that comes from the caller's,
// and returns what it printed. On failure the error carries that too.
func (w *Workspace) Make(env []string, args ...string) (string, error) {
	program, err := w.Path.Find("make")
	if err != nil {
		return "", err
	}
	shell, err := w.Path.Find("bash")
	if err != nil {
		return "", err
	}
	tmp := filepath.Join(w.Dir, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command(program, append(slices.Clone(args), "SHELL="+shell, "CONFIG_SHELL="+shell)...)
	cmd.Dir = w.Dir
	cmd.Env = append([]string{
		"PATH=" + w.Path.String(), "LC_ALL=C", "HOME=" + w.Dir, "TMPDIR=" + tmp,
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
