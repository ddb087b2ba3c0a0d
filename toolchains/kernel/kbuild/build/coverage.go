// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
	"github.com/tidelock/tidelock/toolchains/kernel/kconfig"
)

// Coverage asks for a module that counts what it runs (CONFIG_GCOV_KERNEL).
type Coverage struct {
	Name    string `json:"name"`    // folder of the counts in the guest, one for each build
	Package string `json:"package"` // what the names of the sources begin with
	Notes   string `json:"notes"`   // folder to write the compiler's notes to
}

// flags are what the compiler is told besides the kernel's own flags for gcov.
// headers is where make runs, module the way from there to the module: GCC takes
// prefixes off names of objects only where it was given relative ones.
//
// GCC writes into the object where its counts belong: the absolute path of the
// object, from which it only takes a prefix away together with -fprofile-dir, and
// then as one name, core#mem.gcda. It cannot be told a working folder for the
// notes; write does that. -frandom-seed takes the place of the time of day.
func (c *Coverage) flags(arch, headers, module string) (string, error) {
	config, err := kconfig.ReadConfig(filepath.Join(headers, "include/config/auto.conf"))
	if err != nil {
		return "", err
	}
	if config.Get("GCOV_KERNEL") != "y" {
		return "", fmt.Errorf("coverage of a module wants a kernel with CONFIG_GCOV_KERNEL=y, which this one has not: its config has no GCOV_KERNEL")
	}
	flags := []string{
		"-fprofile-dir=" + c.Name, "-fprofile-prefix-path=" + headers + "/" + module,
		"-fprofile-prefix-map=" + module + "/=" + c.Package + "/",
		"-frandom-seed=0",
		// The flags name the build's folder, and DWARF would name the flags.
		"-gno-record-gcc-switches",
		// Two processors count at once; a lost count makes others negative.
		"-fprofile-update=atomic",
	}
	if arch == "arm64" {
		// The kernel has no functions for atomic additions, which GCC would call.
		flags = append(flags, "-mno-outline-atomics")
	}
	return " " + strings.Join(flags, " "), nil
}

// environment tells the kernel's makefiles to instrument. A variable of the
// command line would also instrument what they add to a module.
func (c *Coverage) environment() []string { return []string{"GCOV_PROFILE=y"} }

// write copies the notes of all objects out of the workspace. The module must have
// the place for the counts of each.
func (c *Coverage) write(w *workspace.Workspace, module string) error {
	text, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	found := 0
	err = filepath.WalkDir(w.Module(), func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".gcno" {
			return err
		}
		below, err := filepath.Rel(w.Module(), file)
		if err != nil {
			return err
		}
		counts := c.Name + "/" + strings.ReplaceAll(strings.TrimSuffix(below, ".gcno"), "/", "#") + ".gcda"
		if !bytes.Contains(text, append([]byte(counts), 0)) {
			return fmt.Errorf("coverage: the module does not name %s: the kernel's makefiles run the compiler in another folder than these flags are for", counts)
		}
		notes, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if notes, err = withoutFolder(notes); err != nil {
			return fmt.Errorf("coverage: %s: %w", below, err)
		}
		out := filepath.Join(c.Notes, below)
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		found++
		return os.WriteFile(out, notes, 0o644)
	})
	if err == nil && found == 0 {
		err = fmt.Errorf("coverage: the compiler left no notes: has the module's Kbuild GCOV_PROFILE := n?")
	}
	return err
}

// notesMagic begins notes; magic, version, stamp and checksum come before the folder
// in which the compiler ran: its length in bytes with the zero behind it, and itself.
const (
	notesMagic  = 0x67636e6f // "gcno"
	notesFolder = 16
)

// withoutFolder replaces the working folder in notes of GCC 12 and newer by ".".
func withoutFolder(notes []byte) ([]byte, error) {
	if len(notes) < notesFolder+4 || binary.LittleEndian.Uint32(notes) != notesMagic {
		return nil, fmt.Errorf("these are no notes of gcov")
	}
	size := binary.LittleEndian.Uint32(notes[notesFolder:])
	rest := notes[notesFolder+4:]
	if size == 0 || uint64(size) > uint64(len(rest)) || rest[0] != '/' || bytes.IndexByte(rest, 0) != int(size)-1 {
		return nil, fmt.Errorf("the working folder is not where GCC 12 and newer write it")
	}
	out := append([]byte{}, notes[:notesFolder]...)
	out = append(out, 2, 0, 0, 0, '.', 0)
	return append(out, rest[size:]...), nil
}
