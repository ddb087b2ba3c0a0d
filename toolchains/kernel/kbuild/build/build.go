// SPDX-License-Identifier: Apache-2.0

// Package build runs a kernel's own build system (kbuild) on a module.
//
// Everything that make starts comes from tool roots: the environment is empty
// but for PATH, and the kernel's scripts get the roots' interpreters. All work
// is done in a temporary folder whose name is mapped away, so that the result
// does not depend on where it was made.
package build

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Request is what the kernel_module rule writes. Paths are relative to the
// working directory, or absolute.
type Request struct {
	Kernel       string            `json:"kernel"`        // key of the kernel, for messages
	Archives     []string          `json:"archives"`      // packed headers, see package pack
	KernelTools  string            `json:"kernel_tools"`  // root with usr/lib/linux-kbuild-*; "" when the headers bring their scripts
	Headers      string            `json:"headers"`       // folder of the configured headers inside the archives
	ToolDirs     []string          `json:"tool_dirs"`     // folders of programs: the whole PATH
	Arch         string            `json:"arch"`          // as the kernel's makefiles say it: x86 or arm64
	CrossCompile string            `json:"cross_compile"` // prefix of the binutils, such as aarch64-linux-gnu-
	Compiler     string            `json:"compiler"`      // program name, such as aarch64-linux-gnu-gcc-12
	Sources      map[string]string `json:"sources"`       // place in the module's folder to file
	MakeArgs     []string          `json:"make_args"`     // further variables and flags for make
	Outputs      map[string]string `json:"outputs"`       // place in the module's folder to file to write
	KeepDebug    bool              `json:"keep_debug"`    // keep DWARF
}

// Run does the build. On failure the error carries make's output.
func Run(r Request) error {
	work, err := scratch()
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	path, err := searchPath(r.ToolDirs)
	if err != nil {
		return err
	}
	tree := kernelTree{dir: filepath.Join(work, "kernel"), path: path}
	for _, a := range r.Archives {
		if err := tree.unpack(a); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	if r.KernelTools != "" {
		if err := tree.addTools(r.KernelTools); err != nil {
			return err
		}
	}
	module := filepath.Join(work, "module")
	for place, file := range r.Sources {
		if err := copyFile(file, filepath.Join(module, place)); err != nil {
			return err
		}
	}
	if err := runMake(r, path, work, filepath.Join(tree.dir, r.Headers), module); err != nil {
		return err
	}
	for place, file := range r.Outputs {
		if err := copyFile(filepath.Join(module, place), file); err != nil {
			return fmt.Errorf("make succeeded, but: %w", err)
		}
	}
	return nil
}

var finding = regexp.MustCompile(`:\d+: warning: |WARNING: modpost|objtool: |: warning: objtool`)

func runMake(r Request, path searchDirs, work, headers, module string) error {
	if _, err := os.Stat(headers); err != nil {
		return fmt.Errorf("the header packages have no %s: does the lock name the right packages?", r.Headers)
	}
	makeProgram, err := path.find("make")
	if err != nil {
		return err
	}
	shell, err := path.find("bash")
	if err != nil {
		return err
	}
	// The sources' place must not be seen in the module: as __FILE__ it would
	// make two builds differ.
	flags := "-ffile-prefix-map=" + module + "/= -ffile-prefix-map=" + work + "/="
	if !r.KeepDebug {
		flags += " -g0"
	}
	args := []string{
		"-C", headers, "M=" + module,
		"ARCH=" + r.Arch,
		"CROSS_COMPILE=" + r.CrossCompile,
		"CC=" + r.Compiler,
		"SHELL=" + shell, "CONFIG_SHELL=" + shell,
		"KCFLAGS=" + flags, "KAFLAGS=" + flags,
		// Type information for BPF wants DWARF and the kernel's own image.
		"CONFIG_DEBUG_INFO_BTF_MODULES=",
	}
	args = append(args, r.MakeArgs...)
	args = append(args, "modules")
	tmp := filepath.Join(work, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	var log bytes.Buffer
	cmd := exec.Command(makeProgram, args...)
	cmd.Dir = work
	cmd.Env = []string{
		"PATH=" + path.String(), "LC_ALL=C", "HOME=" + work, "TMPDIR=" + tmp,
		"KBUILD_BUILD_USER=tidelock", "KBUILD_BUILD_HOST=tidelock", "KBUILD_BUILD_TIMESTAMP=1970-01-01",
		"SOURCE_DATE_EPOCH=0",
	}
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: make: %w\n%s\ncommand: %s", r.Kernel, err, log.String(), strings.Join(cmd.Args, " "))
	}
	// What the compiler, modpost and objtool found belongs on the terminal;
	// progress, and that the compiler's last digit differs, do not.
	for _, line := range strings.Split(log.String(), "\n") {
		if finding.MatchString(line) {
			fmt.Fprintf(os.Stderr, "%s: %s\n", r.Kernel, line)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
