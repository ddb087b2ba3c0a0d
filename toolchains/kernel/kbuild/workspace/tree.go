// SPDX-License-Identifier: Apache-2.0

package workspace

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Tree is the folder into which a kernel is unpacked. Inside it, paths
// are those of the distribution: usr/src/linux-headers-..., usr/lib/linux-kbuild-...
type Tree struct {
	// Dir is the folder.
	Dir  string
	path SearchDirs
	made map[string]bool // folders that exist already
}

// unpack adds a packed header archive.
func (t *Tree) unpack(archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("unsafe path %q", h.Name)
		}
		// Debian's make variables for a native build; the caller gives ours.
		if path.Base(h.Name) == ".kernelvariables" {
			continue
		}
		dest := filepath.Join(t.Dir, h.Name)
		if err := t.mkdir(filepath.Dir(dest)); err != nil {
			return err
		}
		if h.Typeflag == tar.TypeSymlink {
			if !path.IsAbs(h.Linkname) && !filepath.IsLocal(path.Join(path.Dir(h.Name), h.Linkname)) {
				return fmt.Errorf("the link %q leads out of the package, to %q", h.Name, h.Linkname)
			}
			err = os.Symlink(t.target(h.Linkname), dest)
		} else {
			err = t.write(dest, h, r)
		}
		if err != nil {
			return err
		}
	}
}

func (t *Tree) mkdir(dir string) error {
	if t.made[dir] {
		return nil
	}
	if t.made == nil {
		t.made = map[string]bool{}
	}
	t.made[dir] = true
	return os.MkdirAll(dir, 0o755)
}

// target keeps absolute links inside the tree.
func (t *Tree) target(link string) string {
	if path.IsAbs(link) {
		return filepath.Join(t.Dir, link)
	}
	return link
}

func (t *Tree) write(dest string, h *tar.Header, r io.Reader) error {
	top := path.Base(h.Name) == "Makefile" && strings.Count(h.Name, "/") <= 3
	if !top && h.Mode&0o111 == 0 {
		f, err := os.OpenFile(dest, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, r); err != nil {
			f.Close()
			return err
		}
		return f.Close()
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if top {
		// The makefile of Debian's headers names its folders where they would be installed.
		data = bytes.ReplaceAll(data, []byte("/usr/src/"), []byte(t.Dir+"/usr/src/"))
	}
	data, err = t.interpreter(data)
	if err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	return os.WriteFile(dest, data, os.FileMode(h.Mode)&0o777)
}

// AddTools links the packaged programs of kbuild (linux-kbuild-*) into the
// tree, with their scripts turned to the tool roots' interpreters.
func (t *Tree) AddTools(root string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(root, "usr/lib/linux-kbuild-*"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("%s: %d folders usr/lib/linux-kbuild-*, one was expected", root, len(found))
	}
	if err := t.addScripts(root, found[0]); err != nil {
		return err
	}
	// Launchers find the real programs and their libraries relative to
	// themselves, so the rest of the root stands where they look.
	for _, dir := range []string{".", "usr", "usr/lib"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			return err
		}
		for _, e := range entries {
			dest := filepath.Join(t.Dir, dir, e.Name())
			if _, err := os.Lstat(dest); err == nil {
				continue
			}
			if err := os.Symlink(filepath.Join(root, dir, e.Name()), dest); err != nil {
				return err
			}
		}
	}
	return nil
}

// addScripts links the files of one folder of the root, and copies its scripts
// with their interpreter changed.
func (t *Tree) addScripts(root, dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		dest := filepath.Join(t.Dir, below)
		info, err := os.Stat(name) // sandboxes hold links
		if err != nil {
			return err
		}
		if info.IsDir() {
			return t.mkdir(dest)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(data, []byte("#!")) {
			if data, err = t.interpreter(data); err != nil {
				return err
			}
			return os.WriteFile(dest, data, 0o755)
		}
		return os.Symlink(name, dest)
	})
}
