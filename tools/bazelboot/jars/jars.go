// SPDX-License-Identifier: Apache-2.0

// Package jars cuts Bazel's Java libraries loose from /usr/share/java.
//
// Debian's jars find each other through absolute paths in their manifests
// (Class-Path: /usr/share/java/...). Moved elsewhere, some would be missed:
// without perfmark the server dies at once, and the client says only that it
// could not connect. Others would be taken from the machine, in whatever
// version it has. So every jar that a manifest leads to is put on the class
// path by name, and the manifests lose the attribute.
package jars

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Folder of the packages: below root now, below final when they run.
type Folder struct {
	Root, Final string
}

// Close writes the complete class path into list, a file with one jar of the
// original class path per line, and strips the jars. Jars that Debian names
// but no package has are optional and left out. The further jars, which no
// other names, have to be there.
func (f Folder) Close(list string, further ...string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	for _, named := range further {
		if _, err := f.resolve(named); err != nil {
			return err
		}
	}
	todo := append(strings.Fields(string(text)), further...)
	seen := map[string]bool{}
	var classpath []string
	for len(todo) > 0 {
		named := todo[0]
		todo = todo[1:]
		if seen[named] {
			continue
		}
		seen[named] = true
		real, err := f.resolve(named)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if seen["="+real] { // reached before, by another of its names
			continue
		}
		seen["="+real] = true
		entries, err := Strip(real)
		if err != nil {
			return fmt.Errorf("%s: %w", named, err)
		}
		for _, e := range entries {
			if !filepath.IsAbs(e) {
				e = filepath.Join(filepath.Dir(named), e)
			}
			todo = append(todo, e)
		}
		classpath = append(classpath, filepath.Join(f.Final, strings.TrimPrefix(real, f.Root)))
	}
	if len(classpath) == 0 {
		return fmt.Errorf("%s names no jar that is there", list)
	}
	return os.WriteFile(list, []byte(strings.Join(classpath, "\n")+"\n"), 0o644)
}

// resolve follows the symbolic links of a path as the packages name it to a
// file below Root. Links were moved to Final before, where nothing is yet.
func (f Folder) resolve(named string) (string, error) {
	p := filepath.Join(f.Root, named)
	for range 16 {
		to, err := os.Readlink(p)
		if err != nil {
			_, err := os.Stat(p)
			return p, err
		}
		switch {
		case !filepath.IsAbs(to):
			p = filepath.Join(filepath.Dir(p), to)
		default:
			p = filepath.Join(f.Root, strings.TrimPrefix(to, f.Final))
		}
	}
	return "", fmt.Errorf("%s: too many symbolic links", named)
}

const manifestName = "META-INF/MANIFEST.MF"

// Strip takes Class-Path out of a jar's manifest and returns what it named.
// All other entries keep their compressed bytes. A jar without it stays as is.
func Strip(jar string) ([]string, error) {
	r, err := zip.OpenReader(jar)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	manifest, err := readEntry(&r.Reader, manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rest, entries := stripClassPath(manifest)
	if len(entries) == 0 {
		return nil, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(jar), filepath.Base(jar))
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	err = errors.Join(rewrite(tmp, &r.Reader, rest), tmp.Chmod(0o644), tmp.Close())
	if err != nil {
		return nil, err
	}
	return entries, os.Rename(tmp.Name(), jar)
}

func readEntry(r *zip.Reader, name string) (string, error) {
	f, err := r.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err
}

func rewrite(to io.Writer, r *zip.Reader, manifest string) error {
	w := zip.NewWriter(to)
	for _, f := range r.File {
		if f.Name != manifestName {
			if err := w.Copy(f); err != nil {
				return err
			}
			continue
		}
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: f.Modified})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(e, manifest); err != nil {
			return err
		}
	}
	return w.Close()
}
