// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"bytes"
	"debug/elf"
	"fmt"
	"path"
	"strings"
)

// architecture is what a guest's programs must be made for.
type architecture struct {
	machine elf.Machine
	triplet string // Debian's name of the folder of libraries
	links   []string
}

var architectures = map[string]architecture{
	"aarch64": {elf.EM_AARCH64, "aarch64-linux-gnu", []string{"bin", "lib", "sbin"}},
	"x86_64":  {elf.EM_X86_64, "x86_64-linux-gnu", []string{"bin", "lib", "lib64", "sbin"}},
}

// libraryDirs are where the guest's loader looks without being told. The guest has
// no /etc/ld.so.cache, so folders of ld.so.conf do not count.
func (a architecture) libraryDirs() []string {
	return []string{"/usr/lib/" + a.triplet, "/usr/lib"}
}

// object is what is read of an ELF file.
type object struct {
	interp string   // PT_INTERP, "" for a library or a static program
	needed []string // DT_NEEDED
	dirs   []string // DT_RUNPATH, or DT_RPATH where there is none
}

func isELF(n *node) bool {
	return n.kind == file && len(n.data) >= 4 && string(n.data[:4]) == elf.ELFMAG
}

func (a architecture) read(n *node) (*object, error) {
	e, err := elf.NewFile(bytes.NewReader(n.data))
	if err != nil {
		return nil, fmt.Errorf("it begins like an ELF file and cannot be read: %v", err)
	}
	if e.Machine != a.machine {
		return nil, fmt.Errorf("it is for %v, the guest is %v", e.Machine, a.machine)
	}
	o := &object{}
	for _, p := range e.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		if p.Filesz > 4096 {
			return nil, fmt.Errorf("its interpreter has a name of %d bytes", p.Filesz)
		}
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err != nil {
			return nil, fmt.Errorf("its interpreter cannot be read: %v", err)
		}
		o.interp = strings.TrimRight(string(b), "\x00")
	}
	if e.Type != elf.ET_EXEC && e.Type != elf.ET_DYN {
		return o, nil
	}
	if o.needed, err = e.ImportedLibraries(); err != nil {
		return nil, fmt.Errorf("its needed libraries cannot be read: %v", err)
	}
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		dirs, err := e.DynString(tag)
		if err != nil {
			return nil, fmt.Errorf("its %v cannot be read: %v", tag, err)
		}
		for _, d := range dirs {
			o.dirs = append(o.dirs, strings.Split(d, ":")...)
		}
		if len(o.dirs) > 0 {
			break
		}
	}
	return o, nil
}

// checkObjects follows every program to its loader and every library that it names,
// as the guest's loader will. The check of tool roots (toolchains/debian/toolroot)
// is another: their launcher names all folders of the root, and foreign objects are
// data there.
func (t *tree) checkObjects(a architecture) error {
	var problems []string
	for _, name := range t.names() {
		n := t.nodes[name]
		if !isELF(n) {
			continue
		}
		o, err := a.read(n)
		if err != nil {
			problems = append(problems, fmt.Sprintf("/%s of %s: %v", name, n.from, err))
			continue
		}
		if o.interp != "" && !t.isFile(o.interp) {
			problems = append(problems, fmt.Sprintf("/%s of %s wants the loader %s, which is not there", name, n.from, o.interp))
		}
		for _, lib := range o.needed {
			if !t.findLibrary(a, name, o, lib) {
				problems = append(problems, fmt.Sprintf("/%s of %s needs %s, which is in no folder that it looks in", name, n.from, lib))
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("programs would not start:\n  %s\nAdd the missing packages in roots.json, or leave the files out with \"exclude\" of the setup.", strings.Join(problems, "\n  "))
	}
	return nil
}

func (t *tree) isFile(p string) bool {
	at, err := t.resolve(p)
	return err == nil && at != "" && t.nodes[at].kind == file
}

func (t *tree) findLibrary(a architecture, name string, o *object, lib string) bool {
	if strings.Contains(lib, "/") {
		return t.isFile(lib)
	}
	origin := strings.NewReplacer("$ORIGIN", "/"+path.Dir(name), "${ORIGIN}", "/"+path.Dir(name))
	for _, d := range o.dirs {
		if d = origin.Replace(d); path.IsAbs(d) && t.isFile(path.Join(d, lib)) {
			return true
		}
	}
	for _, d := range a.libraryDirs() {
		if t.isFile(path.Join(d, lib)) {
			return true
		}
	}
	return false
}
