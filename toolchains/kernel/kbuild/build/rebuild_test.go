// SPDX-License-Identifier: Apache-2.0

package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
)

// That programs are rebuilt, and work, is shown on real packages by
// //toolchains/kernel/tests/layouts; here is what cannot be rebuilt.
func TestRebuildRefuses(t *testing.T) {
	tools := t.TempDir()
	for _, name := range []string{"make", "bash", "m4"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte("#!/bin/false\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := workspace.Archived{Name: "usr/src/kernels/6/include/config/auto.conf", Mode: 0o644, Data: []byte("CONFIG_MODVERSIONS=y\n")}
	plugins := conf
	plugins.Data = []byte("CONFIG_GCC_PLUGINS=y\nCONFIG_GCC_PLUGIN_LATENT_ENTROPY=y\n")
	fixdep := workspace.Archived{Name: "usr/src/kernels/6/scripts/basic/fixdep.c", Mode: 0o644}
	for name, c := range map[string]struct {
		files []workspace.Archived
		want  string
	}{
		"another folder":   {[]workspace.Archived{{Name: "usr/src/kernels/7/Makefile", Mode: 0o644}}, "have no usr/src/kernels/6/include/config/auto.conf"},
		"no sources":       {[]workspace.Archived{conf}, "no scripts/basic/fixdep.c"},
		"half the sources": {[]workspace.Archived{conf, fixdep}, "no scripts/mod/modpost.c"},
		"compiler plugins": {[]workspace.Archived{plugins}, "CONFIG_GCC_PLUGIN_LATENT_ENTROPY"},
	} {
		archive := filepath.Join(t.TempDir(), "headers.tar.zst")
		if err := workspace.WriteArchive(archive, c.files); err != nil {
			t.Fatal(err)
		}
		err := Rebuild(RebuildRequest{
			Kernel: "fedora/x86_64/6", Archives: []string{archive}, Headers: "usr/src/kernels/6", ToolDirs: []string{tools},
			Arch: "x86", HostCompiler: "gcc", Sysroot: ".", Output: filepath.Join(t.TempDir(), "out"),
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "fedora/x86_64/6") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestRemovePackaged(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{
		"scripts/mod/modpost":        "\x7fELF of another machine",
		"scripts/mod/.modpost.o.cmd": "savedcmd := gcc",
		"scripts/mod/modpost.c":      "int main(void)",
		"scripts/empty":              "",
	} {
		if err := writeNew(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := rebuilder{headers: dir}
	if err := b.removePackaged(); err != nil {
		t.Fatal(err)
	}
	for name, kept := range map[string]bool{
		"scripts/mod/modpost": false, "scripts/mod/.modpost.o.cmd": false, "scripts/mod/modpost.c": true, "scripts/empty": true,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != kept {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLibrariesMissing(t *testing.T) {
	program, err := os.Executable() // any program will do for its loader's name
	if err != nil {
		t.Fatal(err)
	}
	if _, err := libraries(program, t.TempDir()); err == nil || !strings.Contains(err.Error(), "0 dynamic loaders") {
		t.Errorf("got %v", err)
	}
	if _, err := libraries("/nowhere", t.TempDir()); err == nil {
		t.Error("a program that is not there has libraries")
	}
}
