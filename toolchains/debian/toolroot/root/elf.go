// SPDX-License-Identifier: Apache-2.0

package root

import (
	"debug/elf"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// object is what a tool root must know of one ELF file.
type object struct {
	interp string   // PT_INTERP, "" for a library or a static program
	needed []string // DT_NEEDED
	runs   []string // folders of DT_RPATH and DT_RUNPATH
}

// hostMachine is the architecture of the machines that run a root's programs.
// Objects of others, such as a cross toolchain's target libraries, are data.
const hostMachine = elf.EM_X86_64

// readObject returns nil for a file that is no ELF object of the host's architecture.
func readObject(file string) (*object, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	magic := make([]byte, 4)
	if n, _ := f.ReadAt(magic, 0); n < 4 || string(magic) != elf.ELFMAG {
		return nil, nil
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return nil, nil // foreign or cut off: data, as far as the root is concerned
	}
	if e.Machine != hostMachine || (e.Type != elf.ET_EXEC && e.Type != elf.ET_DYN) {
		return nil, nil
	}
	o := &object{}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err != nil {
				return nil, fmt.Errorf("%s: its interpreter cannot be read: %w", file, err)
			}
			o.interp = strings.TrimRight(string(b), "\x00")
		}
	}
	o.needed, _ = e.ImportedLibraries()
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		dirs, _ := e.DynString(tag)
		for _, d := range dirs {
			o.runs = append(o.runs, strings.Split(d, ":")...)
		}
	}
	return o, nil
}

// isLibrary tells shared objects that carry an interpreter (libc.so.6) from programs.
func isLibrary(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "ld-linux") || (strings.HasPrefix(base, "lib") && strings.Contains(base, ".so"))
}

// closure checks that all that the objects need lies in the root, and returns
// the folders the loader must search, defaults first. Without this check a
// missing library would be taken silently from the machine that runs the tool.
func closure(objects map[string]*object, files map[string]uint32, defaults []string) ([]string, error) {
	dirs := append([]string{}, defaults...)
	known := map[string]bool{}
	for _, d := range dirs {
		known[d] = true
	}
	names := make([]string, 0, len(objects))
	for name := range objects {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, d := range objects[name].runs {
			d = strings.ReplaceAll(strings.ReplaceAll(d, "${ORIGIN}", "$ORIGIN"), "$ORIGIN", "/"+path.Dir(name))
			d = usrMerged(strings.TrimPrefix(path.Clean(d), "/"))
			if !known[d] {
				known[d] = true
				dirs = append(dirs, d)
			}
		}
	}
	have := dirs[:0:0]
	libraries := map[string]bool{}
	for _, d := range dirs {
		found := false
		for name := range files {
			if path.Dir(name) == d && strings.Contains(path.Base(name), ".so") {
				libraries[path.Base(name)] = true
				found = true
			}
		}
		if found {
			have = append(have, d)
		}
	}
	var missing []string
	for _, name := range names {
		for _, lib := range objects[name].needed {
			if !libraries[lib] {
				missing = append(missing, fmt.Sprintf("%s needs %s", name, lib))
			}
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("libraries are missing from the tool root, so the host's would be used: %s; add their packages to the root in roots.json, or exclude the files that need them", strings.Join(missing, "; "))
	}
	return have, nil
}

// relative is the path from the folder of name to target, both in the root.
func relative(name, target string) string {
	rel, err := filepath.Rel(path.Dir("/"+name), "/"+target)
	if err != nil {
		panic(err) // both are absolute and clean
	}
	return filepath.ToSlash(rel)
}
