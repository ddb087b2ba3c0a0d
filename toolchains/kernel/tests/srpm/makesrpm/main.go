// SPDX-License-Identifier: Apache-2.0

// Command makesrpm writes the source RPM of a test to the file it is given.
package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"

	"github.com/google/rpmpack"
)

const spec = `Name: kernel
Version: 6.1.1
Patch1: 0001-right.patch
Patch2: 0002-wrong.patch
`

// diff changes the only line of kernel/fork.c.
func diff(from, to string) []byte {
	return []byte("--- a/kernel/fork.c\n+++ b/kernel/fork.c\n@@ -1 +1 @@\n-" + from + "\n+" + to + "\n")
}

// linux is a kernel's archive.
func linux(version string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range [][2]string{{"Makefile", "VERSION = " + version + "\n"}, {"kernel/fork.c", "plain\n"}} {
		if err := w.WriteHeader(&tar.Header{Name: "linux-" + version + "/" + f[0], Mode: 0o644, Size: int64(len(f[1]))}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func write(out string) error {
	guessed, err := linux("6.1.1")
	if err != nil {
		return err
	}
	named, err := linux("6.1.2")
	if err != nil {
		return err
	}
	r, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: "kernel", Version: "6.1.1", Release: "1", Arch: "x86_64", Compressor: "zstd"})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"kernel.spec": []byte(spec), "linux-6.1.1.tar": guessed, "kernel.tar": named,
		"0001-right.patch": diff("plain", "patched"), "0002-wrong.patch": diff("absent", "wrong"),
	} {
		r.AddFile(rpmpack.RPMFile{Name: name, Body: data, Mode: 0o100644})
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: makesrpm OUT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "makesrpm:", err)
		os.Exit(1)
	}
}
