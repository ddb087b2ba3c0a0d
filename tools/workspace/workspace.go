// SPDX-License-Identifier: Apache-2.0

// Package workspace finds the tree of this repository's sources.
package workspace

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

// marker is the file at the top of the tree.
const marker = "MODULE.bazel"

// Top is the top of the tree for a program: bazel run says it in
// $BUILD_WORKSPACE_DIRECTORY, otherwise it is the nearest folder above the
// working directory with a MODULE.bazel.
func Top() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	start := cmp.Or(os.Getenv("BUILD_WORKSPACE_DIRECTORY"), wd)
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, marker)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no %s above %s: run this inside the repository", marker, start)
		}
	}
}

// EnterCaller goes to the folder in which bazel run was typed, so that relative
// names on the command line mean what they mean in any other program.
func EnterCaller() error {
	dir := os.Getenv("BUILD_WORKING_DIRECTORY")
	if dir == "" {
		return nil // not started by bazel run
	}
	return os.Chdir(dir)
}

// OfTest is the top of the tree for a test that looks at the tree itself and
// not at its declared inputs: a local_test with //:MODULE.bazel among its data,
// which is a link that shows where the tree is. The plain go command runs tests
// in the tree anyway.
func OfTest() (string, error) {
	top, err := Top()
	if err != nil {
		return "", fmt.Errorf("%w; does the test have //:MODULE.bazel in its data?", err)
	}
	file, err := filepath.EvalSymlinks(filepath.Join(top, marker))
	if err != nil {
		return "", err
	}
	top = filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(top, "tools/workspace/workspace.go")); err != nil {
		return "", fmt.Errorf("%s is not the top of the tree: this test cannot run in a sandbox that hides the tree, nor on another machine", top)
	}
	return top, nil
}
