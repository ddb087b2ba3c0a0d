// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidelock/tidelock/tools/format/source"
	"github.com/tidelock/tidelock/tools/workspace"
)

var clangFormat = flag.String("clang-format", "", "the clang-format program, below the runfiles of the main repository")

// TestTree fails when a source of the tree is not in its form or names no licence. Under Bazel it reads
// the tree itself and not its declared inputs.
func TestTree(t *testing.T) {
	root, err := workspace.OfTest()
	if err != nil {
		t.Fatal(err)
	}
	f := source.Formatter{Root: root}
	if *clangFormat != "" {
		f.ClangFormat = filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), *clangFormat)
		if _, err := os.Stat(f.ClangFormat); err != nil {
			t.Fatal(err)
		}
	}
	names, err := source.List(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 20 {
		t.Fatalf("only %d sources below %s", len(names), root)
	}
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			t.Error(err)
		} else if !source.Licensed(text) {
			t.Errorf("%s has no SPDX-License-Identifier in its first lines: GPL-2.0-only below kmod/, Apache-2.0 elsewhere", name)
		}
	}
	for _, r := range source.Run(f, names, false) {
		if r.Err != nil {
			t.Error(r.Err)
		} else {
			t.Errorf("%s is not in its form; `tools/bazel run //:format` mends it", r.Name)
		}
	}
}
