// SPDX-License-Identifier: Apache-2.0

// Package build runs a kernel's own build system (kbuild) on a module.
//
// Everything that make starts comes from tool roots: the environment is empty
// but for PATH, and the kernel's scripts get the roots' interpreters. All work
// is done in a temporary folder whose name is mapped away, so that the result
// does not depend on where it was made.
package build

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
	"github.com/tidelock/tidelock/toolchains/kernel/kconfig"
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
	Coverage     *Coverage         `json:"coverage"`      // count what runs; null: do not
}

// Run does the build. On failure the error carries make's output.
func Run(r Request) error {
	w, err := workspace.Open(r.Archives, r.ToolDirs, workspace.ForModule)
	if err != nil {
		return err
	}
	defer w.Close()
	if r.KernelTools != "" {
		if err := w.Kernel.AddTools(r.KernelTools); err != nil {
			return err
		}
	}
	for place, file := range r.Sources {
		if err := copyFile(file, filepath.Join(w.Module(), place)); err != nil {
			return err
		}
	}
	if err := makeModule(r, w); err != nil {
		return err
	}
	if r.Coverage != nil {
		for place := range r.Outputs {
			if err := r.Coverage.write(w, filepath.Join(w.Module(), place)); err != nil {
				return err
			}
		}
	}
	for place, file := range r.Outputs {
		if err := copyFile(filepath.Join(w.Module(), place), file); err != nil {
			return fmt.Errorf("make succeeded, but: %w", err)
		}
	}
	return nil
}

var finding = regexp.MustCompile(`:\d+: warning: |WARNING: modpost|objtool: |: warning: objtool`)

func makeModule(r Request, w *workspace.Workspace) error {
	headers := filepath.Join(w.Kernel.Dir, r.Headers)
	if _, err := os.Stat(headers); err != nil {
		return fmt.Errorf("the header packages have no %s: does the lock name the right packages?", r.Headers)
	}
	// The sources' place must not be seen in the module: as __FILE__ it would
	// make two builds differ.
	module := w.Module()
	flags := "-ffile-prefix-map=" + module + "/= -ffile-prefix-map=" + w.Dir + "/="
	kasan, err := instrumented(headers)
	if err != nil {
		return err
	}
	if kasan || r.Coverage != nil {
		if module, err = filepath.Rel(headers, module); err != nil {
			return err
		}
		flags += " -ffile-prefix-map=" + module + "/="
	}
	if !r.KeepDebug {
		flags += " -g0"
	}
	var env []string
	counting := ""
	if r.Coverage != nil {
		if counting, err = r.Coverage.flags(r.Arch, headers, module); err != nil {
			return fmt.Errorf("%s: %w", r.Kernel, err)
		}
		env = r.Coverage.environment()
	}
	args := []string{
		"-C", headers, "M=" + module,
		"ARCH=" + r.Arch,
		"CROSS_COMPILE=" + r.CrossCompile,
		"CC=" + r.Compiler,
		"KCFLAGS=" + flags + counting, "KAFLAGS=" + flags,
		// Type information for BPF wants DWARF and the kernel's own image.
		"CONFIG_DEBUG_INFO_BTF_MODULES=",
	}
	args = append(args, r.MakeArgs...)
	log, err := w.Make(env, append(args, "modules")...)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Kernel, err)
	}
	// What the compiler, modpost and objtool found belongs on the terminal;
	// progress, and that the compiler's last digit differs, do not.
	for _, line := range strings.Split(log, "\n") {
		if finding.MatchString(line) {
			fmt.Fprintf(os.Stderr, "%s: %s\n", r.Kernel, line)
		}
	}
	return nil
}

// instrumented tells whether a kernel has the compiler watch over global
// variables (CONFIG_KASAN). It then writes into the module in which file each
// was defined, by the name that it was given and whatever was mapped: the file
// must be given by a relative name.
func instrumented(headers string) (bool, error) {
	config, err := kconfig.ReadConfig(filepath.Join(headers, "include/config/auto.conf"))
	return err == nil && config.Get("KASAN") == "y", err
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
