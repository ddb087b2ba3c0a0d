// SPDX-License-Identifier: Apache-2.0

// Package layout makes a kernel's header package look like one of another
// distribution: the same headers of a Debian kernel, laid out and packed as
// Fedora's, AlmaLinux's and Amazon's kernel-devel or as Ubuntu's pair of
// linux-headers. What those have and Debian's packages have not, the sources
// of the kernel's own programs, comes from Debian's linux-source package; what
// Debian packs apart, the compiled programs, goes where the others have it.
package layout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
)

// Request is one package to make.
type Request struct {
	Kind        string
	Arch        string
	Release     string
	Compression string
	Source      string
	Headers     string
	Common      string
	Kbuild      string
	Packagers   string
	Out         string
}

// arches maps architectures to what the kernel, Debian and RPM call them.
var arches = map[string]struct{ kernel, deb string }{
	"x86_64":  {"x86", "amd64"},
	"aarch64": {"arm64", "arm64"},
}

// Make makes it.
func Make(r Request) error {
	if r.Kind == "source" {
		return pruneSource(r.Source, r.Out)
	}
	syscall.Umask(0o022) // modes of folders go into packages
	work, err := os.MkdirTemp("", "layout")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.EvalSymlinks(work); err != nil {
		return err
	}
	if r.Packagers, err = filepath.Abs(r.Packagers); err != nil {
		return err
	}
	if r.Out, err = filepath.Abs(r.Out); err != nil {
		return err
	}
	switch r.Kind {
	case "rpm":
		return makeRPM(r, work)
	case "ubuntu-common":
		return makeUbuntuCommon(r, work)
	case "ubuntu-flavour":
		return makeUbuntuFlavour(r, work)
	}
	return fmt.Errorf("the kind %q is not known", r.Kind)
}

// tree is a folder that is being filled.
type tree string

func (t tree) write(name string, mode os.FileMode, data []byte) error {
	file := filepath.Join(string(t), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, data, mode); err != nil {
		return err
	}
	return os.Chmod(file, mode) // whatever the umask
}

func (t tree) has(name string) bool {
	_, err := os.Lstat(filepath.Join(string(t), name))
	return err == nil
}

// addDeb copies files of a Debian package: place gives a file's place in the
// tree, "" for those that are left out.
func (t tree) addDeb(file string, place func(name string) string) error {
	return deb.WalkFile(file, func(e *deb.Entry, body io.Reader) error {
		to := place(e.Name)
		if e.Kind != deb.File || to == "" {
			return nil
		}
		data, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if e.Mode&0o111 != 0 {
			mode = 0o755
		}
		return t.write(to, mode, data)
	})
}

// belowHeaders is the path inside usr/src/linux-headers-*, "" for other files.
func belowHeaders(name string) string {
	rest, ok := strings.CutPrefix(name, "usr/src/linux-headers-")
	if !ok {
		return ""
	}
	_, below, _ := strings.Cut(rest, "/")
	return below
}

// addCommon adds the headers that all flavours have.
func (t tree) addCommon(r Request, arches ...string) error {
	return t.addDeb(r.Common, func(name string) string {
		below := belowHeaders(name)
		if rest, ok := strings.CutPrefix(below, "arch/"); ok {
			for _, a := range arches {
				if strings.HasPrefix(rest, a+"/") {
					return below
				}
			}
			return ""
		}
		return below
	})
}

// addFlavour adds what is of one flavour only, under another release.
func (t tree) addFlavour(r Request) error {
	err := t.addDeb(r.Headers, func(name string) string {
		switch below := belowHeaders(name); below {
		case "Makefile", ".kernelvariables", "vmlinux":
			return "" // Debian's own way of joining its packages
		default:
			return below
		}
	})
	if err != nil {
		return err
	}
	file := filepath.Join(string(t), "include/generated/utsrelease.h")
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	release, _, ok := bytes.Cut(bytes.TrimPrefix(old, []byte(`#define UTS_RELEASE "`)), []byte(`"`))
	if !ok || len(release) == len(old) {
		return fmt.Errorf("%s: no release in %q", r.Headers, old)
	}
	if err := t.write("include/generated/utsrelease.h", 0o644, bytes.ReplaceAll(old, release, []byte(r.Release))); err != nil {
		return err
	}
	return t.write("include/config/kernel.release", 0o644, []byte(r.Release+"\n"))
}

// addPrograms adds the compiled programs, which are for the kernel's machine
// and not for the one that builds.
func (t tree) addPrograms(r Request) error {
	places := map[string]string{
		"scripts/basic/fixdep":            "scripts/basic/fixdep",
		"scripts/genksyms/genksyms":       "scripts/genksyms/genksyms",
		"scripts/mod/modpost.real-lsb-64": "scripts/mod/modpost",
		"tools/objtool/objtool.real-x86":  "tools/objtool/objtool",
		"scripts/recordmcount":            "scripts/recordmcount",
	}
	found := 0
	err := t.addDeb(r.Kbuild, func(name string) string {
		rest, ok := strings.CutPrefix(name, "usr/lib/linux-kbuild-")
		if !ok {
			return ""
		}
		_, below, _ := strings.Cut(rest, "/")
		to := places[below]
		if path.Base(to) == "objtool" && r.Arch != "x86_64" {
			return ""
		}
		if to != "" {
			found++
		}
		return to
	})
	if err == nil && found < 3 {
		err = fmt.Errorf("%s has %d of the kernel's programs", r.Kbuild, found)
	}
	return err
}

var errNoPackage = errors.New("the packager wrote no package")
