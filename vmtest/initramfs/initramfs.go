// SPDX-License-Identifier: Apache-2.0

// Package initramfs writes the guest's root file system: a newc cpio archive
// whose bytes depend on nothing but the names, modes and contents asked for.
package initramfs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
)

// Entry is one file, link or folder of the archive. Exactly one of Host, Content,
// Link and Dir says what it is.
type Entry struct {
	// Path is where the entry stands in the guest, absolute.
	Path string `json:"path"`
	// Host is the file on the build machine whose content is taken.
	Host string `json:"host,omitempty"`
	// Content is the content itself.
	Content []byte `json:"content,omitempty"`
	// Link makes a symbolic link to this target.
	Link string `json:"link,omitempty"`
	// Dir makes an empty folder.
	Dir bool `json:"dir,omitempty"`
	// Mode holds the permission bits; 0 means 0644, or 0755 for a folder.
	Mode uint32 `json:"mode,omitempty"`
}

// record turns an entry into a cpio record without anything of the build machine:
// no owner, time, device or inode number.
func (e Entry) record() (cpio.Record, error) {
	name := strings.TrimPrefix(path.Clean(e.Path), "/")
	if !path.IsAbs(e.Path) || name == "" {
		return cpio.Record{}, fmt.Errorf("guest path %q is not an absolute path below /", e.Path)
	}
	kinds := 0
	for _, k := range []bool{e.Host != "", e.Content != nil, e.Link != "", e.Dir} {
		if k {
			kinds++
		}
	}
	if kinds != 1 {
		return cpio.Record{}, fmt.Errorf("%s: exactly one of host, content, link and dir must be given, not %d", e.Path, kinds)
	}
	if e.Mode&^0o7777 != 0 {
		return cpio.Record{}, fmt.Errorf("%s: mode %#o has more than permission bits", e.Path, e.Mode)
	}
	mode := uint64(e.Mode)
	switch {
	case e.Dir:
		if mode == 0 {
			mode = 0o755
		}
		return cpio.Directory(name, mode), nil
	case e.Link != "":
		return cpio.Symlink(name, e.Link), nil
	}
	if mode == 0 {
		mode = 0o644
	}
	content := e.Content
	if e.Host != "" {
		data, err := os.ReadFile(e.Host)
		if err != nil {
			return cpio.Record{}, fmt.Errorf("%s: %v", e.Path, err)
		}
		content = data
	}
	return cpio.StaticFile(name, string(content), mode), nil
}

// Write writes the archive: entries sorted by path, each parent folder once and
// before what lies in it.
func Write(w io.Writer, entries []Entry) error {
	records := map[string]cpio.Record{}
	for _, e := range entries {
		r, err := e.record()
		if err != nil {
			return fmt.Errorf("initramfs: %v", err)
		}
		if _, twice := records[r.Name]; twice {
			return fmt.Errorf("initramfs: %s stands in the list twice", e.Path)
		}
		records[r.Name] = r
	}
	for _, r := range records {
		for dir := path.Dir(r.Name); dir != "."; dir = path.Dir(dir) {
			have, ok := records[dir]
			if !ok {
				records[dir] = cpio.Directory(dir, 0o755)
			} else if have.Mode&cpio.S_IFMT != cpio.S_IFDIR {
				return fmt.Errorf("initramfs: /%s lies in /%s, which is not a folder", r.Name, dir)
			}
		}
	}
	names := make([]string, 0, len(records))
	for name := range records {
		names = append(names, name)
	}
	slices.Sort(names) // a folder's name is a prefix of what lies in it, so it comes first
	out := cpio.Newc.Writer(w)
	for i, name := range names {
		r := records[name]
		r.Info = cpio.MakeReproducible(r).Info
		// Equal inode numbers would make the kernel see hard links.
		r.Ino = uint64(i + 1)
		if err := out.WriteRecord(r); err != nil {
			return fmt.Errorf("initramfs: /%s: %v", name, err)
		}
	}
	return cpio.WriteTrailer(out)
}

// Bytes is Write into memory.
func Bytes(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	if err := Write(&b, entries); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
