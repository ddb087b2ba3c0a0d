// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
)

// headers packs what modules for this kernel are built from: what
// scripts/package of the kernel would put into a header package, but for
// programs. Those of this build only run where they are; rebuilt_programs makes
// others from the sources that are packed here.
func (b *builder) headers() error {
	var files []workspace.Archived
	err := filepath.WalkDir(b.source, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		below, err := filepath.Rel(b.source, name)
		if err != nil {
			return err
		}
		if !b.wantedByModules(below) {
			return nil
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(data, []byte(elf.ELFMAG)) {
			return nil
		}
		mode := int64(0o644)
		if info.Mode()&0o111 != 0 {
			mode = 0o755
		}
		files = append(files, workspace.Archived{Name: path.Join(b.Top, below), Mode: mode, Data: data})
		return nil
	})
	if err != nil {
		return err
	}
	return workspace.WriteArchive(b.Headers, files)
}

func (b *builder) wantedByModules(name string) bool {
	base := path.Base(name)
	switch {
	case strings.HasSuffix(base, ".o") || strings.HasSuffix(base, ".a") || strings.HasSuffix(base, ".cmd"):
		return false
	case name == "Module.symvers" || name == ".config" || name == "Makefile":
		return true
	case strings.HasPrefix(name, "tools/"):
		return !strings.HasPrefix(name, "tools/testing/")
	case strings.HasPrefix(name, "include/"):
		return !strings.HasPrefix(name, "include/dt-bindings/")
	case strings.HasPrefix(name, "scripts/"):
		return !strings.HasPrefix(name, "scripts/kconfig/") && !strings.HasPrefix(name, "scripts/dtc/")
	case strings.HasPrefix(name, "arch/"+b.Arch+"/"):
		return strings.Contains(name, "/include/") || strings.HasPrefix(base, "Makefile") || strings.HasSuffix(base, ".lds")
	}
	return false
}

// builtin names what the guest need not load.
func (b *builder) builtin() error {
	type entry struct {
		Name    string `json:"name"`
		Path    string `json:"path"`
		Builtin bool   `json:"builtin"`
	}
	list, err := os.ReadFile(filepath.Join(b.source, "modules.builtin"))
	if err != nil {
		return err
	}
	entries := []entry{}
	for line := range strings.Lines(string(list)) {
		name := strings.TrimSuffix(path.Base(strings.TrimSpace(line)), ".ko")
		if name != "" && name != "." {
			entries = append(entries, entry{Name: strings.ReplaceAll(name, "-", "_"), Builtin: true})
		}
	}
	data, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.Modules, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.Modules, "modules.json"), append(data, '\n'), 0o644)
}
