// SPDX-License-Identifier: Apache-2.0

package build

import (
	"debug/elf"
	_ "embed" // programs.mk
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
	"github.com/tidelock/tidelock/toolchains/kernel/kconfig"
)

// RebuildRequest asks for a kernel's own build programs (fixdep, modpost,
// genksyms, objtool), compiled from the sources in its header packages for the
// machine that builds. The packages hold these programs too, but for the
// kernel's architecture and the distribution's C library.
type RebuildRequest struct {
	Kernel       string   `json:"kernel"`        // key of the kernel, for messages
	Archives     []string `json:"archives"`      // packed headers, see package pack
	Headers      string   `json:"headers"`       // folder of the configured headers inside the archives
	ToolDirs     []string `json:"tool_dirs"`     // folders of programs: the whole PATH
	Arch         string   `json:"arch"`          // as the kernel's makefiles say it: x86 or arm64
	CrossCompile string   `json:"cross_compile"` // prefix of the binutils
	Compiler     string   `json:"compiler"`      // the kernel's compiler, of which modpost learns the layout of objects
	HostCompiler string   `json:"host_compiler"` // path of the compiler for the machine that builds
	Sysroot      string   `json:"sysroot"`       // headers and libraries for it
	Output       string   `json:"output"`        // archive to write, to be unpacked over the headers
}

//go:embed programs.mk
var programsKbuild []byte

// Rebuild compiles the programs and packs them.
func Rebuild(r RebuildRequest) error {
	w, err := workspace.Open(r.Archives, r.ToolDirs, workspace.ForModule)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Kernel, err)
	}
	defer w.Close()
	b := &rebuilder{RebuildRequest: r, Workspace: w, headers: filepath.Join(w.Kernel.Dir, r.Headers)}
	if err := b.prepare(); err != nil {
		return fmt.Errorf("%s: %w", r.Kernel, err)
	}
	files, err := b.programs()
	if err != nil {
		return fmt.Errorf("%s: %w", r.Kernel, err)
	}
	return workspace.WriteArchive(r.Output, files)
}

type rebuilder struct {
	RebuildRequest
	*workspace.Workspace
	headers string
	config  kconfig.Config // the kernel's configuration

	host *workspace.HostCompiler
}

// prepare checks what can be checked before anything runs.
func (b *rebuilder) prepare() error {
	var err error
	if b.config, err = kconfig.ReadConfig(filepath.Join(b.headers, "include/config/auto.conf")); err != nil {
		return fmt.Errorf("the header packages have no %s/include/config/auto.conf: does the lock name the right packages?", b.Headers)
	}
	for name := range b.config {
		// GCC_PLUGIN_LATENT_ENTROPY and its like change modules; none can be
		// rebuilt without the compiler's own headers.
		if strings.HasPrefix(name, "GCC_PLUGIN_") {
			return fmt.Errorf("it was built with the compiler plugin CONFIG_%s, which modules would need too; that is not supported", name)
		}
	}
	for _, name := range []string{"scripts/basic/fixdep.c", "scripts/mod/modpost.c"} {
		if _, err := os.Stat(filepath.Join(b.headers, name)); err != nil {
			return fmt.Errorf("its header packages have no %s to rebuild the kernel's programs from; a package of the programs for this machine (kbuild: packaged) is needed", name)
		}
	}
	if b.host, err = b.Workspace.HostCompiler(b.RebuildRequest.HostCompiler, b.RebuildRequest.Sysroot); err != nil {
		return err
	}
	return b.removePackaged()
}

// removePackaged removes what the package has of compiled programs, so that
// what is there afterwards was built here.
func (b *rebuilder) removePackaged() error {
	scripts, err := filepath.EvalSymlinks(filepath.Join(b.headers, "scripts"))
	if err != nil {
		return err
	}
	return filepath.WalkDir(scripts, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		var magic [4]byte
		n, _ := f.Read(magic[:])
		f.Close()
		if string(magic[:n]) == elf.ELFMAG || strings.HasSuffix(name, ".cmd") {
			return os.Remove(name)
		}
		return nil
	})
}

// programs builds them all and returns what goes into the archive.
func (b *rebuilder) programs() ([]workspace.Archived, error) {
	if err := b.scripts(); err != nil {
		return nil, err
	}
	var files []workspace.Archived
	for _, name := range []string{"scripts/basic/fixdep", "scripts/mod/modpost", "scripts/genksyms/genksyms", "scripts/recordmcount"} {
		data, err := b.stripped(filepath.Join(b.headers, name))
		if os.IsNotExist(err) {
			continue // not for this configuration
		}
		if err != nil {
			return nil, err
		}
		files = append(files, workspace.Archived{Name: b.Headers + "/" + name, Mode: 0o755, Data: data})
	}
	if len(files) < 2 {
		return nil, fmt.Errorf("make succeeded, but built only %d programs", len(files))
	}
	if b.config.Get("OBJTOOL") == "y" || b.config.Get("STACK_VALIDATION") == "y" {
		more, err := b.objtool()
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// scripts builds what lies under scripts/, by the kernel's own makefiles. An
// external module is the one thing that those of a header package can build,
// so the programs are built by the Kbuild file of a module.
func (b *rebuilder) scripts() error {
	if err := writeNew(filepath.Join(b.Module(), "Kbuild"), programsKbuild, 0o644); err != nil {
		return err
	}
	return b.makePrograms("-C", b.headers, "M="+b.Module(), "kernel_tree="+b.headers,
		"ARCH="+b.Arch, "CROSS_COMPILE="+b.CrossCompile, "CC="+b.Compiler,
		"HOSTCC="+b.host.CC, "HOSTCFLAGS=-O2", "HOSTLDFLAGS=-static",
		"CONFIG_DEBUG_INFO_BTF_MODULES=",
		"modules")
}

// makePrograms runs make with what building programs needs besides.
func (b *rebuilder) makePrograms(args ...string) error {
	m4, err := b.Path.Find("m4")
	if err != nil {
		return err
	}
	// bison and flex look for these where they would be installed.
	env := []string{"M4=" + m4, "BISON_PKGDATADIR=" + filepath.Join(filepath.Dir(m4), "../share/bison")}
	if _, err := b.Make(env, args...); err != nil {
		return fmt.Errorf("rebuilding the kernel's programs: %w", err)
	}
	return nil
}

// stripped returns a program without its symbols, which hold nothing that
// anybody looks at and much that depends on where it was built.
func (b *rebuilder) stripped(file string) ([]byte, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	out := filepath.Join(b.Dir, "stripped")
	if text, err := exec.Command(filepath.Join(b.host.Bin, "strip"), "-o", out, file).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("strip %s: %w\n%s", file, err, text)
	}
	return os.ReadFile(out)
}

func writeNew(file string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, mode)
}
