// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/kernel/source/pack"
)

// pruneSource keeps of a linux-source package what header packages of other
// distributions have of it: the sources of the kernel's programs, and all
// makefiles and Kconfig files.
func pruneSource(in, out string) error { return pack.Pack(in, out, "", wantedSource) }

func wantedSource(name string) bool {
	if pack.Configures(name) {
		return true
	}
	for _, dir := range []string{
		"scripts/", "tools/arch/", "tools/build/", "tools/include/", "tools/lib/subcmd/", "tools/objtool/", "tools/scripts/",
	} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return path.Dir(name) == "tools/lib"
}

// addSource adds files of a pruned source that the tree has not yet.
func (t tree) addSource(archive string, want func(name string) bool) error {
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
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		if !want(h.Name) || t.has(h.Name) {
			continue
		}
		if h.Typeflag == tar.TypeSymlink {
			file := filepath.Join(string(t), h.Name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := os.Symlink(h.Linkname, file); err != nil {
				return err
			}
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := t.write(h.Name, os.FileMode(h.Mode)|0o644, data); err != nil {
			return err
		}
	}
}

// ofOtherArch tells files of processors that a package is not for.
func ofOtherArch(name string, arches ...string) bool {
	for _, prefix := range []string{"arch/", "tools/arch/"} {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || !strings.Contains(rest, "/") {
			continue
		}
		a, _, _ := strings.Cut(rest, "/")
		for _, want := range arches {
			if a == want {
				return false
			}
		}
		return true
	}
	return false
}
