// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/tidelock/tidelock/toolchains/debian/archive/deb"
	"github.com/tidelock/tidelock/toolchains/debian/archive/xz"
	"github.com/tidelock/tidelock/toolchains/kernel/kernelpack/rpm"
	"github.com/tidelock/tidelock/toolchains/kernel/source/patch"
)

// sourceRPM adds the sources of a source RPM, with the patches of its spec. The
// package is read twice, so that only what patches touch has to be in memory.
func (p *packer) sourceRPM() error {
	c, err := p.contents()
	if err != nil {
		return err
	}
	patches, err := c.patches(p.Skip)
	if err != nil {
		return err
	}
	if p.touched, err = patch.Touched(patches, p.Keep); err != nil {
		return err
	}
	err = walkRPM(p.In, func(e *rpm.Entry, body io.Reader) error {
		if e.Name != c.tarball {
			return nil
		}
		if err := p.tarball(body); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		return fs.SkipAll
	})
	if err != nil {
		return err
	}
	for _, each := range patches {
		if err := each.Apply(p.tree, p.touched); err != nil {
			return fmt.Errorf("%w\nIf the patch is not meant for this kernel, say so and why in skip_patches", err)
		}
	}
	return p.patched()
}

// patched writes the files that patches touched, which follow the others.
func (p *packer) patched() error {
	for _, name := range slices.Sorted(maps.Keys(p.tree)) {
		if !p.Keep(name) {
			continue
		}
		f := p.tree[name]
		h := &tar.Header{Typeflag: tar.TypeReg, Mode: f.Mode, Size: int64(len(f.Data))}
		body := f.Data
		if f.Link {
			h.Typeflag, h.Linkname, h.Mode, h.Size, body = tar.TypeSymlink, string(f.Data), 0o777, 0, nil
		}
		if err := p.write(name, h, bytes.NewReader(body)); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) tarball(r io.Reader) error {
	plain, done, err := decompress(r)
	if err != nil {
		return err
	}
	defer done()
	if err := p.add(tar.NewReader(plain)); err != nil {
		return err
	}
	// Reading on lets the decompressor see its own checksum.
	_, err = io.Copy(io.Discard, plain)
	return err
}

// walkRPM is rpm.WalkFile with errors that do not name the package.
func walkRPM(name string, f func(e *rpm.Entry, body io.Reader) error) error {
	r, err := os.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	return rpm.Walk(r, func(e *rpm.Entry, body io.Reader) error {
		if e.Kind != deb.File {
			return nil
		}
		return f(e, body)
	})
}

// maxHeld bounds what is kept in memory besides the sources: spec and patches.
const maxHeld = 512 << 20

// contents is what a source RPM has.
type contents struct {
	tarball string            // name of the sources' archive
	spec    string            // name of the spec
	files   map[string][]byte // all but archives
}

func (p *packer) contents() (*contents, error) {
	c := &contents{files: map[string][]byte{}}
	var tarballs, specs []string
	held := 0
	err := walkRPM(p.In, func(e *rpm.Entry, body io.Reader) error {
		if e.Name == p.Tarball || isTarball(e.Name) {
			tarballs = append(tarballs, e.Name)
			return nil
		}
		if strings.HasSuffix(e.Name, ".spec") {
			specs = append(specs, e.Name)
		}
		if held += int(e.Size); held > maxHeld {
			return fmt.Errorf("more than %d bytes besides archives", maxHeld)
		}
		data, err := io.ReadAll(body)
		c.files[e.Name] = data
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(specs) != 1 {
		return nil, fmt.Errorf("%s where one .spec should be; is it a source RPM (.src.rpm)?", list(specs))
	}
	c.spec = specs[0]
	c.tarball, err = choose(tarballs, p.Tarball)
	return c, err
}

func isTarball(name string) bool {
	for _, end := range []string{"", ".gz", ".xz", ".bz2", ".zst"} {
		if strings.HasSuffix(name, ".tar"+end) {
			return true
		}
	}
	return strings.HasSuffix(name, ".tgz")
}

// choose finds the kernel's sources among a package's archives, which may be
// of its tools, its firmware or its symbol lists too.
func choose(tarballs []string, named string) (string, error) {
	for _, name := range tarballs {
		if strings.Contains(name, "-patches.tar") {
			return "", fmt.Errorf("%s: patches in an archive are not known, only those that the spec lists", name)
		}
	}
	if named != "" {
		if !slices.Contains(tarballs, named) {
			return "", fmt.Errorf("no %s is inside; archives there: %s", named, list(tarballs))
		}
		return named, nil
	}
	var found []string
	for _, name := range tarballs {
		if version, ok := strings.CutPrefix(name, "linux-"); ok && version[0] >= '0' && version[0] <= '9' {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s where one archive linux-VERSION.tar, .tar.xz, .tar.gz, .tar.zst or .tar.bz2 should be (archives there: %s); name the right one in `tarball`",
			list(found), list(tarballs))
	}
	return found[0], nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// maxWindow bounds the memory that zstd may ask for.
const maxWindow = 128 << 20

// decompress tells by the first bytes how a file is compressed, if it is.
func decompress(r io.Reader) (io.Reader, func(), error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head, err := b.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	nothing := func() {}
	switch begins := func(magic string) bool { return strings.HasPrefix(string(head), magic) }; {
	case begins("\x1f\x8b"):
		z, err := gzip.NewReader(b)
		return z, nothing, err
	case begins("BZh"):
		return bzip2.NewReader(b), nothing, nil
	case begins("\xfd7zXZ\x00"):
		x, err := xz.NewReader(b)
		return x, nothing, err
	case begins("\x28\xb5\x2f\xfd"):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return b, nothing, nil
}
