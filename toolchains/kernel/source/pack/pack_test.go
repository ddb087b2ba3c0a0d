// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/tidelock/tidelock/toolchains/debian/archive/debtest"
)

// sourceTar is a kernel's source archive: names, and for links their targets.
func sourceTar(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	x, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(x)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		h := &tar.Header{Name: "linux-source-6.1/" + name, Mode: 0o664, Typeflag: tar.TypeReg, Size: int64(len(files[name]))}
		if to, ok := strings.CutPrefix(files[name], "-> "); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, to, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, files[name])
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, name string, files ...debtest.File) {
	t.Helper()
	if err := os.WriteFile(name, debtest.DebOf(t, "Package: linux-source-6.1\n", ".xz", files), 0o644); err != nil {
		t.Fatal(err)
	}
}

func eachFile(t *testing.T, archive string, f func(*tar.Header, io.Reader)) {
	t.Helper()
	r, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	z, err := zstd.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		f(h, r)
	}
}

func read(t *testing.T, archive string) []string {
	t.Helper()
	var got []string
	eachFile(t, archive, func(h *tar.Header, _ io.Reader) {
		got = append(got, fmt.Sprintf("%s %o %s", h.Name, h.Mode, h.Linkname))
	})
	return got
}

func TestPack(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "linux-source-6.1_6.1_all.deb"), filepath.Join(dir, "out.tar.zst")
	data := sourceTar(t, map[string]string{
		"Makefile": "VERSION = 6", "kernel/fork.c": "int x;", "drivers/gpu/drm/big.c": "int y;", "drivers/gpu/drm/Kconfig": "config DRM",
		"drivers/gpu/Makefile": "obj-y", "arch/x86/kernel/a.c": "a", "arch/arm64/kernel/b.c": "b", "arch/arm64/boot/dts/c.dts": "c",
		"arch/arm/include/asm/d.h": "d", "arch/sparc/kernel/e.c": "e", "arch/sparc/Kconfig": "config SPARC", "tools/perf/f.c": "f",
		"tools/objtool/g.c": "g", "include/linux/h.h": "-> ../h.h", "tools/testing/selftests/net/tls.c": "i", "tools/testing/selftests/net/udp.c": "j",
	})
	write(t, in, debtest.Text("./usr/share/doc/readme", "x"), debtest.Text("./usr/src/linux-source-6.1.tar.xz", string(data)))
	if err := Pack(in, out, "usr/src/linux", ForVM); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"usr/src/linux/Makefile 644 ", "usr/src/linux/arch/arm/include/asm/d.h 644 ", "usr/src/linux/arch/arm64/kernel/b.c 644 ",
		"usr/src/linux/arch/sparc/Kconfig 644 ", "usr/src/linux/arch/x86/kernel/a.c 644 ", "usr/src/linux/drivers/gpu/Makefile 644 ",
		"usr/src/linux/drivers/gpu/drm/Kconfig 644 ", "usr/src/linux/include/linux/h.h 644 ../h.h", "usr/src/linux/kernel/fork.c 644 ",
		"usr/src/linux/tools/objtool/g.c 644 ", "usr/src/linux/tools/testing/selftests/net/tls.c 644 ",
	}
	if got := read(t, out); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	for name, files := range map[string][]debtest.File{
		"no sources":   {debtest.Text("./usr/share/doc/readme", "x")},
		"cut archive":  {debtest.Text("./usr/src/linux-source-6.1.tar.xz", string(data[:len(data)-40]))},
		"not xz":       {debtest.Text("./usr/src/linux-source-6.1.tar.xz", "plain text")},
		"nothing kept": {debtest.Text("./usr/src/linux-source-6.1.tar.xz", string(sourceTar(t, map[string]string{"Documentation/a.rst": "a"})))},
	} {
		write(t, in, files...)
		if err := Pack(in, out, "", ForVM); err == nil || !strings.Contains(err.Error(), filepath.Base(in)) {
			t.Errorf("%s: %v, want an error that names the package", name, err)
		}
	}
}
