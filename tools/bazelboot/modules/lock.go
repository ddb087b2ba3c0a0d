// SPDX-License-Identifier: Apache-2.0

// Package modules brings rule sets, which Bazel's registry would give, from
// the Go module proxy and from the stand-ins beside it.
package modules

import (
	"fmt"
	"os"
	"strings"
)

// SDK is the name under which the lock has the Go SDK, once per architecture.
const SDK = "go_sdk"

// Module is a line of the lock: a Go module and what it serves as.
type Module struct {
	// Name is the Bazel module, or SDK; the folder to unpack into.
	Name string
	// Path and Version are the Go module's.
	Path, Version string
	// Sum is its checksum, as in go.sum.
	Sum string
}

// At is the module the way the go command writes it.
func (m Module) At() string { return m.Path + "@" + m.Version }

// ReadLock reads modules.lock.
func ReadLock(file string) ([]Module, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	ms, err := ParseLock(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	return ms, nil
}

// ParseLock reads lines of `name path@version h1:sum`; # begins a comment.
func ParseLock(text string) ([]Module, error) {
	var ms []Module
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("%d: expected `name path@version h1:sum`", n)
		}
		path, version, ok := strings.Cut(f[1], "@")
		if !ok || path == "" || !strings.HasPrefix(version, "v") {
			return nil, fmt.Errorf("%d: %q is not a module with a version", n, f[1])
		}
		if !strings.HasPrefix(f[2], "h1:") {
			return nil, fmt.Errorf("%d: %q is not a checksum as in go.sum", n, f[2])
		}
		ms = append(ms, Module{Name: f[0], Path: path, Version: version, Sum: f[2]})
	}
	return ms, nil
}
