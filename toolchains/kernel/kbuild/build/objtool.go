// SPDX-License-Identifier: Apache-2.0

package build

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
)

// machine is what a program for the machine that builds looks like.
type machine struct {
	elf     elf.Machine
	triplet string // of the folder of its libraries
}

var machines = map[string]machine{
	"amd64": {elf.EM_X86_64, "x86_64-linux-gnu"},
	"arm64": {elf.EM_AARCH64, "aarch64-linux-gnu"},
}

// What objtool is built from, besides its own folder. Some distributions ship
// the program and only a part of its sources.
var objtoolSources = []string{
	"tools/objtool/Makefile", "tools/objtool/check.c", "tools/build/Makefile.build", "tools/lib/subcmd/Makefile", "tools/scripts/Makefile.include",
}

// objtool builds objtool, or takes the package's where that is for this machine
// and there is nothing to build from. It needs libelf, so it comes with its
// libraries and a script that starts it by their loader.
func (b *rebuilder) objtool() ([]workspace.Archived, error) {
	dir := filepath.Join(b.headers, "tools/objtool")
	program := filepath.Join(dir, "objtool")
	var lacking string
	for _, name := range objtoolSources {
		if _, err := os.Stat(filepath.Join(b.headers, name)); err != nil {
			lacking = name
			break
		}
	}
	if lacking == "" {
		if err := os.Remove(program); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		// For the kernel's developers it compares copies of headers; it stops
		// where a package has only one of two.
		if err := writeNew(filepath.Join(dir, "sync-check.sh"), []byte("exit 0\n"), 0o755); err != nil {
			return nil, err
		}
		bin := b.host.Bin
		err := b.makePrograms("-C", dir, "ARCH="+b.Arch, "SRCARCH="+b.Arch, "HOSTARCH="+b.Arch, "CROSS_COMPILE=",
			"HOSTCC="+b.host.CC, "CC="+b.host.CC, "HOSTLD="+filepath.Join(bin, "ld"), "LD="+filepath.Join(bin, "ld"),
			"HOSTAR="+filepath.Join(bin, "ar"), "AR="+filepath.Join(bin, "ar"),
			// The compiler is not the one that these sources were written for.
			"WERROR=0", "KBUILD_HOSTCFLAGS=-O2 -Wno-error", "HOSTCFLAGS=-O2 -Wno-error",
			"LIBELF_FLAGS=", "LIBELF_LIBS=-lelf")
		if err != nil {
			return nil, err
		}
	}
	want := machines[runtime.GOARCH]
	if got, err := machineOf(program); err != nil || got != want.elf {
		return nil, fmt.Errorf("it wants objtool, and its header packages have neither all of its sources (no %s) nor the program for %v", lacking, want.elf)
	}
	data, err := b.stripped(program)
	if err != nil {
		return nil, err
	}
	at := b.Headers + "/tools/objtool/"
	files := []workspace.Archived{
		{Name: at + "objtool", Mode: 0o755, Data: []byte(`#!/bin/sh
# Starts objtool with the libraries beside it.
d=${0%/*}/objtool.d
exec "$d/ld.so" --library-path "$d" "$d/objtool" "$@"
`)},
		{Name: at + "objtool.d/objtool", Mode: 0o755, Data: data},
	}
	libraries, err := libraries(program, filepath.Join(b.host.Sysroot, "usr/lib", want.triplet))
	if err != nil {
		return nil, err
	}
	for _, l := range libraries {
		l.Name = at + "objtool.d/" + l.Name
		files = append(files, l)
	}
	return files, nil
}

// machineOf tells for which machine a program is.
func machineOf(file string) (elf.Machine, error) {
	f, err := elf.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Machine, nil
}

// libraries returns the loader, as ld.so, and all libraries that a program
// needs, out of one folder.
func libraries(program, dir string) ([]workspace.Archived, error) {
	var found []workspace.Archived
	seen := map[string]bool{}
	for queue := []string{program}; len(queue) > 0; queue = queue[1:] {
		f, err := elf.Open(queue[0])
		if err != nil {
			return nil, err
		}
		needed, err := f.ImportedLibraries()
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", queue[0], err)
		}
		if len(seen) == 0 {
			loaders, err := filepath.Glob(filepath.Join(dir, "ld-linux-*.so.*"))
			if err != nil || len(loaders) != 1 {
				return nil, fmt.Errorf("%s: %d dynamic loaders, one was expected", dir, len(loaders))
			}
			needed = append(needed, filepath.Base(loaders[0]))
		}
		for _, name := range needed {
			if seen[name] {
				continue
			}
			seen[name] = true
			file := filepath.Join(dir, filepath.Base(name))
			data, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("%s needs the library %s, which the sysroot has not; add its package in roots.json", filepath.Base(queue[0]), name)
			}
			if err != nil {
				return nil, err
			}
			if isLoader(name) {
				found = append(found, workspace.Archived{Name: "ld.so", Mode: 0o755, Data: data})
			}
			found = append(found, workspace.Archived{Name: name, Mode: 0o755, Data: data})
			queue = append(queue, file)
		}
	}
	return found, nil
}

func isLoader(name string) bool {
	ok, _ := filepath.Match("ld-linux-*.so.*", name)
	return ok
}
