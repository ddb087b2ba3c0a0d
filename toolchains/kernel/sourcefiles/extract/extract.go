// SPDX-License-Identifier: Apache-2.0

// Package extract takes single files out of the archive of a kernel's sources that
// //toolchains/kernel/source has packed.
package extract

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Files writes the named files of an archive (.tar.zst), whose sources lie in the
// folder top, into the folder out, each under its own name. The names are relative to
// the kernel's top folder. It stops reading when it has them all. An error lists every
// name that is not there.
func Files(archive, top, out string, names []string) error {
	want := map[string]string{} // name in the archive → name
	for _, name := range names {
		if !filepath.IsLocal(name) || path.Clean(name) != name {
			return fmt.Errorf("file %q: give a path below the kernel's top folder, such as tools/testing/selftests/kselftest.h", name)
		}
		want[path.Join(top, name)] = name
	}
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
	for r := tar.NewReader(z); len(want) > 0; {
		h, err := r.Next()
		if err == io.EOF {
			return fmt.Errorf("%s: no %s in it; the sources have no such file, or toolchains/kernel/source/pack/vm.go leaves it out", archive, missing(want))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		name, ok := want[h.Name]
		if !ok {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s: %s is a link or a folder; name the file itself", archive, name)
		}
		if err := write(filepath.Join(out, name), r); err != nil {
			return fmt.Errorf("%s: %s: %w", archive, name, err)
		}
		delete(want, h.Name)
	}
	return nil
}

func missing(want map[string]string) string {
	var names []string
	for _, name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func write(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
