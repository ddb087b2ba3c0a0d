// SPDX-License-Identifier: Apache-2.0

// Command mklauncher compiles launcher.c with an unpacked GCC whose programs no
// launcher starts yet. It runs the compiler proper, the assembler and the linker
// by hand through the unpacked loader, since the gcc driver would start its
// parts by way of the host's.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	compiler := flag.String("compiler", "", "folder of the unpacked GCC and binutils")
	source := flag.String("source", "", "launcher.c")
	out := flag.String("out", "", "image to write")
	flag.Parse()
	if err := build(*compiler, *source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "mklauncher:", err)
		os.Exit(1)
	}
}

func build(compiler, source, out string) error {
	work, err := os.MkdirTemp("", "mklauncher")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	cc1, err := one(filepath.Join(compiler, "usr/lib*/gcc/x86_64-linux-gnu/*/cc1"))
	if err != nil {
		return err
	}
	asm, obj := filepath.Join(work, "launcher.s"), filepath.Join(work, "launcher.o")
	for _, command := range [][]string{
		{cc1, "-quiet", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic", "-fno-stack-protector",
			"-fno-asynchronous-unwind-tables", "-fcf-protection=none", source, "-o", asm},
		{filepath.Join(compiler, "usr/bin/x86_64-linux-gnu-as"), "-o", obj, asm},
		{filepath.Join(compiler, "usr/bin/x86_64-linux-gnu-ld.bfd"), "-static", "-nostdlib", "-s",
			"--build-id=none", "-z", "noseparate-code", "-o", out, obj},
	} {
		if err := run(compiler, command); err != nil {
			return err
		}
	}
	return nil
}

// run executes a program of the unpacked tree by the tree's own loader.
func run(tree string, command []string) error {
	libraries := filepath.Join(tree, "usr/lib/x86_64-linux-gnu")
	args := append([]string{"--inhibit-cache", "--library-path", libraries}, command...)
	cmd := exec.Command(filepath.Join(libraries, "ld-linux-x86-64.so.2"), args...)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(command[0]), err)
	}
	return nil
}

func one(pattern string) (string, error) {
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%s: %d files, one was expected", pattern, len(found))
	}
	return found[0], nil
}
