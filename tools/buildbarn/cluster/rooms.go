// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/tools/buildbarn/room"
)

// shellPrograms are what Bazel's own test-setup.sh and generate-xml.sh call. They come
// from a pinned tool root, not from the machine, and only tests see them.
var shellPrograms = []string{
	"bash", "basename", "cat", "chmod", "cp", "date", "dirname", "env", "find", "grep",
	"ln", "ls", "mkdir", "mktemp", "mv", "readlink", "rm", "sed", "sh", "sleep", "sort", "stat",
	"tail", "tee", "touch", "tr", "wc",
}

// runnerRoom describes the room in which a runner executes actions. Without a shell it
// holds the runner and nothing else.
func (o *Options) runnerRoom(name, shell string) (*room.Spec, error) {
	dir := filepath.Join(o.Dir, "rooms", name)
	for _, sub := range []string{"root", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	s := &room.Spec{
		Root: filepath.Join(dir, "root"),
		Binds: []room.Bind{
			{From: filepath.Join(o.Servers, "bb_runner"), To: "/runner/bb_runner"},
			{From: filepath.Join(o.Dir, "config", "runner.jsonnet"), To: "/runner/runner.jsonnet"},
			{From: filepath.Join(dir, "run"), To: "/run", Writable: true},
			{From: filepath.Join(o.Dir, "worker", "build"), To: "/build", Writable: true},
		},
		Links:   map[string]string{},
		Command: []string{"/runner/bb_runner", "/runner/runner.jsonnet"},
	}
	if shell == "" {
		return s, nil
	}
	s.Binds = append(s.Binds, room.Bind{From: shell, To: "/tools"})
	s.Links["/bin"] = "usr/bin"
	for _, program := range shellPrograms {
		target := "/tools/usr/bin/" + program
		if program == "sh" {
			target = "/tools/usr/bin/bash"
		}
		if _, err := os.Stat(filepath.Join(shell, target[len("/tools"):])); err != nil {
			return nil, fmt.Errorf("the tool root for tests lacks a program that Bazel's test-setup.sh calls: %w", err)
		}
		s.Links["/usr/bin/"+program] = target
	}
	return s, nil
}
