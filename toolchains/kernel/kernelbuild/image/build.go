// SPDX-License-Identifier: Apache-2.0

// Package image builds a whole kernel from its sources and a configuration, by
// the kernel's own makefiles and with nothing but tool roots.
package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
	"github.com/tidelock/tidelock/toolchains/kernel/kconfig"
)

// Request is what the kernel_build rule writes. Paths are relative to the
// working directory, or absolute.
type Request struct {
	Kernel       string   `json:"kernel"`        // key of the kernel, for messages
	Source       string   `json:"source"`        // packed sources, see toolchains/kernel/source
	Top          string   `json:"top"`           // folder of the sources in the archive
	Version      string   `json:"version"`       // what the sources say they are, such as 6.12.107
	LocalVersion string   `json:"local_version"` // what uname -r has after the version, such as -kasan
	Fragments    []string `json:"fragments"`     // files with the configuration
	Arch         string   `json:"arch"`          // as the kernel's makefiles say it: x86 or arm64
	CrossCompile string   `json:"cross_compile"` // prefix of the binutils
	Compiler     string   `json:"compiler"`      // program name, such as aarch64-linux-gnu-gcc-14
	HostCompiler string   `json:"host_compiler"` // path of the compiler for the machine that builds
	Sysroot      string   `json:"sysroot"`       // headers and libraries for it
	ToolDirs     []string `json:"tool_dirs"`     // folders of programs: the whole PATH
	Jobs         int      `json:"jobs"`          // compilers that run at a time, at least 1

	Image   string `json:"image"`   // what boots, to write
	Vmlinux string `json:"vmlinux"` // the same with symbols, to write
	Config  string `json:"config"`  // the whole configuration, to write
	Headers string `json:"headers"` // archive for building modules, to write
	Modules string `json:"modules"` // folder to write: modules.json, which names what is built in
}

// need is what the sources and objects of a kernel with DWARF take, in bytes.
const need = 6 << 30

// arches are the targets and results of make.
var arches = map[string]struct{ target, image string }{
	"x86":   {"bzImage", "arch/x86/boot/bzImage"},
	"arm64": {"Image", "arch/arm64/boot/Image"},
}

// Build builds the kernel. Its errors begin with the kernel's key.
func Build(r Request) error {
	err := r.configured(func(b *builder) error {
		arch := arches[r.Arch]
		if _, err := b.make(fmt.Sprintf("-j%d", r.Jobs), arch.target, "modules"); err != nil {
			return err
		}
		return errors.Join(
			b.copy(arch.image, r.Image),
			b.copy("vmlinux", r.Vmlinux),
			b.copy(".config", r.Config),
			b.headers(),
			b.builtin(),
		)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", r.Kernel, err)
	}
	return nil
}

// Refusal is the error by which Build refuses a request before anything is
// compiled; it is an error itself when nothing is wrong with the request.
func Refusal(r Request) (string, error) {
	reached := false
	err := r.configured(func(*builder) error {
		reached = true
		return nil
	})
	switch {
	case reached:
		return "", fmt.Errorf("%s: nothing was refused: the kernel can be configured as asked for", r.Kernel)
	case err == nil:
		return "", fmt.Errorf("%s: neither refused nor configured", r.Kernel)
	}
	return err.Error() + "\n", nil
}

// configured unpacks and configures the sources, and goes on with them.
func (r Request) configured(goOn func(*builder) error) error {
	if _, ok := arches[r.Arch]; !ok {
		return fmt.Errorf("arch %q (x86 or arm64)", r.Arch)
	}
	if r.Jobs < 1 {
		return fmt.Errorf("jobs %d (at least 1)", r.Jobs)
	}
	settings, err := readFragments(r.Fragments)
	if err != nil {
		return err
	}
	w, err := workspace.Open([]string{r.Source}, r.ToolDirs, need)
	if err != nil {
		return err
	}
	defer w.Close()
	b := &builder{Request: r, w: w, source: filepath.Join(w.Kernel.Dir, r.Top)}
	if err := b.prepare(); err != nil {
		return err
	}
	if err := b.configure(settings); err != nil {
		return err
	}
	return goOn(b)
}

func readFragments(files []string) ([]kconfig.Setting, error) {
	var all [][]kconfig.Setting
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		settings, err := kconfig.ParseFragment(f, text)
		if err != nil {
			return nil, err
		}
		all = append(all, settings)
	}
	return kconfig.Merge(all...)
}

type builder struct {
	Request
	w      *workspace.Workspace
	source string
	host   *workspace.HostCompiler
}

// prepare checks that the sources are those that were meant.
func (b *builder) prepare() (err error) {
	if b.host, err = b.w.HostCompiler(b.Request.HostCompiler, b.Sysroot); err != nil {
		return err
	}
	out, err := b.make("-s", "kernelversion")
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(out); got != b.Version {
		return fmt.Errorf("the sources are those of %s, and %s was expected: correct the version where the kernel is declared", got, b.Version)
	}
	return nil
}

// make runs the kernel's makefiles with what they always need.
func (b *builder) make(args ...string) (string, error) {
	m4, err := b.w.Path.Find("m4")
	if err != nil {
		return "", err
	}
	// bison and flex look for these where they would be installed.
	env := []string{"M4=" + m4, "BISON_PKGDATADIR=" + filepath.Join(filepath.Dir(m4), "../share/bison"), "KBUILD_BUILD_VERSION=1"}
	// The folder itself stands in the debug info, and what is built has an ID of it.
	flags := "-ffile-prefix-map=" + b.source + "=. -ffile-prefix-map=" + b.source + "/="
	// Programs of the build run where they are, on the sysroot's own C library.
	libraries := filepath.Join(b.host.Sysroot, "usr/lib", "x86_64-linux-gnu")
	link := "-Wl,--dynamic-linker=" + filepath.Join(libraries, "ld-linux-x86-64.so.2") + " -Wl,-rpath=" + libraries
	return b.w.Make(env, append([]string{
		"-C", b.source, "ARCH=" + b.Arch, "CROSS_COMPILE=" + b.CrossCompile, "CC=" + b.Compiler,
		"HOSTCC=" + b.host.CC, "HOSTLD=" + filepath.Join(b.host.Bin, "ld"), "HOSTAR=" + filepath.Join(b.host.Bin, "ar"),
		"HOSTCFLAGS=-O2", "HOSTLDFLAGS=" + link,
		"LIBELF_FLAGS=", "LIBELF_LIBS=-lelf", "HOSTPKG_CONFIG=false",
		"LOCALVERSION=" + b.LocalVersion, "KCFLAGS=" + flags, "KAFLAGS=" + flags,
	}, args...)...)
}

// configure writes the configuration and proves that it is what was asked for.
func (b *builder) configure(settings []kconfig.Setting) error {
	wanted := filepath.Join(b.w.Dir, "wanted.config")
	if err := os.WriteFile(wanted, kconfig.Text(settings), 0o644); err != nil {
		return err
	}
	if _, err := b.make("KCONFIG_ALLCONFIG="+wanted, "allnoconfig"); err != nil {
		return err
	}
	config, err := kconfig.ReadConfig(filepath.Join(b.source, ".config"))
	if err != nil {
		return err
	}
	lost := kconfig.Lost(settings, config)
	if len(lost) == 0 {
		return nil
	}
	symbols, err := kconfig.ReadTree(b.source, b.Arch)
	if err != nil {
		return err
	}
	return fmt.Errorf("%d symbols of the configuration did not survive:\n%s", len(lost), kconfig.Explain(lost, config, symbols))
}

func (b *builder) copy(name, to string) error {
	data, err := os.ReadFile(filepath.Join(b.source, name))
	if err != nil {
		return fmt.Errorf("%s: make succeeded, but: %w", b.Kernel, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
