// SPDX-License-Identifier: Apache-2.0

package guestroot

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

// makeDeb writes a package and returns its path.
func makeDeb(t *testing.T, name string, files ...debtest.File) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name+".deb")
	if err := os.WriteFile(p, debtest.DebOf(t, "Package: "+name+"\n", ".zst", files), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func program(name string, mode int64, data []byte) debtest.File {
	return debtest.File{Header: tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}, Data: data}
}

func link(name, target string) debtest.File {
	return debtest.File{Header: tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}}
}

func hardLink(name, target string) debtest.File {
	return debtest.File{Header: tar.Header{Name: name, Typeflag: tar.TypeLink, Linkname: target}}
}

func folder(name string, mode int64) debtest.File {
	return debtest.File{Header: tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: mode}}
}

func makeSetup(t *testing.T, s any) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "setup.json")
	if err := os.WriteFile(p, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// needs describes an ELF file for object.
type needs struct {
	machine elf.Machine
	interp  string
	needed  []string
	runpath string
}

// image makes the smallest dynamic ELF file that names what n says.
func (n needs) image(t testing.TB) []byte {
	t.Helper()
	if n.machine == 0 {
		n.machine = elf.EM_X86_64
	}
	strings := []byte{0}
	text := func(s string) uint64 {
		at := len(strings)
		strings = append(append(strings, s...), 0)
		return uint64(at)
	}
	var dyn []elf.Dyn64
	for _, lib := range n.needed {
		dyn = append(dyn, elf.Dyn64{Tag: int64(elf.DT_NEEDED), Val: text(lib)})
	}
	if n.runpath != "" {
		dyn = append(dyn, elf.Dyn64{Tag: int64(elf.DT_RUNPATH), Val: text(n.runpath)})
	}
	dyn = append(dyn, elf.Dyn64{Tag: int64(elf.DT_NULL)})
	interp := append([]byte(n.interp), 0)
	const head, phsize, shsize = 64, 56, 64
	dynOff := uint64(head + phsize)
	strOff := dynOff + uint64(16*len(dyn))
	interpOff := strOff + uint64(len(strings))
	shOff := interpOff + uint64(len(interp))
	h := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(n.machine), Version: 1, Ehsize: head,
		Phoff: head, Phentsize: phsize, Phnum: 1, Shoff: shOff, Shentsize: shsize, Shnum: 3, Shstrndx: 2,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	segment := elf.Prog64{Type: uint32(elf.PT_NULL)}
	if n.interp != "" {
		segment = elf.Prog64{Type: uint32(elf.PT_INTERP), Off: interpOff, Filesz: uint64(len(interp))}
	}
	var b bytes.Buffer
	for _, part := range []any{
		h, segment, dyn, strings, interp,
		elf.Section64{},
		elf.Section64{Type: uint32(elf.SHT_DYNAMIC), Off: dynOff, Size: strOff - dynOff, Link: 2, Entsize: 16},
		elf.Section64{Type: uint32(elf.SHT_STRTAB), Off: strOff, Size: interpOff - strOff},
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
