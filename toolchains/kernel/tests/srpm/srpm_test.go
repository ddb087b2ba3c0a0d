// SPDX-License-Identifier: Apache-2.0

// Package srpm holds the test of sources out of a source RPM.
package srpm

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// files reads the archive that an environment variable names.
func files(t *testing.T, variable string) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv(variable)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	found := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found[h.Name] = string(data)
	}
}

func TestKernelSource(t *testing.T) {
	for variable, makefile := range map[string]string{"GUESSED": "VERSION = 6.1.1\n", "NAMED": "VERSION = 6.1.2\n"} {
		if os.Getenv(variable) == "" {
			t.Skip("the sources are packed by the build: tools/bazel test //toolchains/kernel/tests/srpm/...")
		}
		got := files(t, variable)
		if got["usr/src/linux/Makefile"] != makefile || got["usr/src/linux/kernel/fork.c"] != "patched\n" || len(got) != 2 {
			t.Errorf("%s: %q", variable, got)
		}
	}
}
