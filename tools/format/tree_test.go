// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidelock/tidelock/tools/format/source"
)

var clangFormat = flag.String("clang-format", "", "the clang-format program, below the runfiles of the main repository")

// TestTree fails when a source of the tree is not in its form or names no licence. Under Bazel it
// is the one test that reads the tree itself and not its declared inputs:
// MODULE.bazel among them is a link that shows where the tree is.
func TestTree(t *testing.T) {
	module, err := filepath.EvalSymlinks("../../MODULE.bazel")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(module)
	if _, err := os.Stat(filepath.Join(root, "tools/format/tree_test.go")); err != nil {
		t.Fatalf("%s is not the top of the tree: this test cannot run in a sandbox that hides the tree, nor on another machine", root)
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
