// SPDX-License-Identifier: Apache-2.0

// Package kimage takes out of a distribution's packages what a virtual machine
// needs to boot their kernel: the image, and those modules that a test asks for
// with everything they depend on.
package kimage

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// Catalogue is the name of the list of modules in the folder that Extract fills.
const Catalogue = "modules.json"

// Request says what to take out.
type Request struct {
	// Packages are the .deb files: one up to Debian 13's 6.12, two later (linux-binary
	// with the image, linux-modules with the modules).
	Packages []string
	// Release is the kernel's uname -r.
	Release string
	// Modules are the names wanted; one that ends with '?' may be absent.
	Modules []string
	// Image is the file, and ModulesDir the folder, to write.
	Image, ModulesDir string
}

// contents is what was found in the packages.
type contents struct {
	image   []byte
	imageAt string
	modules map[string]file // by canonical name
	builtin map[string]bool
	// hasBuiltin is false where no package has the list of built-in modules.
	hasBuiltin bool
	releases   map[string]bool
}

type file struct {
	name string
	data []byte
}

var (
	bootImage = regexp.MustCompile(`^boot/vmlinuz-(.+)$`)
	libImage  = regexp.MustCompile(`^(?:usr/)?lib/modules/([^/]+)/vmlinuz(?:\.unsigned)?$`)
	libModule = regexp.MustCompile(`^(?:usr/)?lib/modules/([^/]+)/.*/([^/]+)\.ko(?:\.xz|\.zst|\.gz)?$`)
	libList   = regexp.MustCompile(`^(?:usr/)?lib/modules/([^/]+)/modules\.builtin$`)
)

// Extract writes the image and the modules.
func Extract(r Request) error {
	c, err := read(r)
	if err != nil {
		return err
	}
	list, files, err := c.resolve(r.Release, r.Modules)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.ModulesDir, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(r.ModulesDir, name), data, 0o644); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.ModulesDir, Catalogue), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(r.Image, c.image, 0o644)
}

// read walks the packages once and keeps what may be needed: which modules depend
// on which is only known when all were seen.
func read(r Request) (*contents, error) {
	c := &contents{modules: map[string]file{}, builtin: map[string]bool{}, releases: map[string]bool{}}
	for _, p := range r.Packages {
		err := deb.WalkFile(p, func(e *deb.Entry, body io.Reader) error {
			if e.Kind != deb.File {
				return nil
			}
			return c.take(r.Release, e.Name, body)
		})
		if err != nil {
			return nil, err
		}
	}
	if c.image == nil {
		var found []string
		for release := range c.releases {
			found = append(found, release)
		}
		slices.Sort(found)
		return nil, fmt.Errorf("no kernel image of release %s in %s (releases there: %s)", r.Release, strings.Join(r.Packages, ", "), strings.Join(found, ", "))
	}
	return c, nil
}

func (c *contents) take(release, name string, body io.Reader) error {
	for _, re := range []*regexp.Regexp{bootImage, libImage} {
		m := re.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		if c.releases[m[1]] = true; m[1] != release {
			return nil
		}
		if c.image != nil {
			return fmt.Errorf("two kernel images: %s and %s", c.imageAt, name)
		}
		var err error
		c.imageAt = name
		c.image, err = io.ReadAll(body)
		return err
	}
	if m := libList.FindStringSubmatch(name); m != nil && m[1] == release {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		c.hasBuiltin = true
		for _, line := range strings.Fields(string(text)) {
			c.builtin[canonical(strings.TrimSuffix(path.Base(line), ".ko"))] = true
		}
		return nil
	}
	if m := libModule.FindStringSubmatch(name); m != nil && m[1] == release {
		data, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		c.modules[canonical(m[2])] = file{name, data}
	}
	return nil
}

// resolve lists the wanted modules with all that they depend on, sorted by name,
// and the files' contents by file name.
func (c *contents) resolve(release string, want []string) ([]wire.Module, map[string][]byte, error) {
	list := map[string]wire.Module{}
	files := map[string][]byte{}
	var add func(name, whose string, optional bool) error
	add = func(name, whose string, optional bool) error {
		name = canonical(name)
		if _, have := list[name]; have {
			return nil
		}
		f, ok := c.modules[name]
		switch {
		case ok:
		case c.builtin[name]:
			list[name] = wire.Module{Name: name, Builtin: true}
			return nil
		case optional:
			return nil
		case !c.hasBuiltin:
			return fmt.Errorf("module %s%s: it is not in the packages, and no list of built-in modules is there to tell whether the kernel carries it inside; end its name with '?' if the test can do without", name, whose)
		default:
			return fmt.Errorf("module %s%s: kernel %s has no such module; end its name with '?' if the test can do without", name, whose, release)
		}
		data, err := decompress(f)
		if err != nil {
			return fmt.Errorf("%s: %v", f.name, err)
		}
		info, err := ReadModinfo(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("%s: %v", f.name, err)
		}
		m := wire.Module{Name: name, Path: "/lib/modules/" + release + "/" + name + ".ko", Aliases: info.Aliases}
		for _, d := range info.Depends {
			m.Depends = append(m.Depends, canonical(d))
		}
		list[name] = m
		files[name+".ko"] = data
		for _, d := range m.Depends {
			if err := add(d, ", which "+name+" needs", false); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range want {
		base, optional := strings.CutSuffix(name, "?")
		if err := add(base, "", optional); err != nil {
			return nil, nil, err
		}
	}
	out := make([]wire.Module, 0, len(list))
	for _, m := range list {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b wire.Module) int { return strings.Compare(a.Name, b.Name) })
	return out, files, nil
}

// maxModule bounds a decompressed module.
const maxModule = 512 << 20

func decompress(f file) ([]byte, error) {
	var r io.Reader = bytes.NewReader(f.data)
	var err error
	switch path.Ext(f.name) {
	case ".ko":
		return f.data, nil
	case ".xz":
		r, err = xz.NewReader(r)
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1)); err == nil {
			defer z.Close()
			r = z
		}
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxModule+1))
	if err == nil && len(data) > maxModule {
		err = fmt.Errorf("more than %d bytes when decompressed", maxModule)
	}
	return data, err
}

// canonical makes names comparable as the kernel does: '-' and '_' are the same.
func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }
