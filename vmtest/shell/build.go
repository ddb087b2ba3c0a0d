// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Each kernel has a target of its own: a build with --//vmtest:kernel would make
// Bazel forget what it knows of every other target. Suffix is what the description
// of a machine ends with.
const (
	targets = "//vmtest/machines:"
	suffix  = ".machine.json"
)

// build has the workspace's Bazel build the machine of a kernel. It returns the
// file that describes it, and the folder to which its paths are relative.
func build(ctx context.Context, top, key string, o *options, stderr io.Writer) (file, root string, err error) {
	tmp, err := os.MkdirTemp("", "vmtest-shell")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(tmp)
	events := filepath.Join(tmp, "events.jsonl")
	own := []string{"build", "--build_event_json_file=" + events}
	if o.userland != "" {
		own = append(own, "--//vmtest:userland="+o.userland)
	}
	args := slices.Concat(o.startupOptions, own, o.buildOptions, []string{targets + key})
	cmd := exec.CommandContext(ctx, filepath.Join(top, "tools/bazel"), args...)
	cmd.Dir = top
	cmd.Stdout, cmd.Stderr = stderr, stderr
	// Bazel ends an interrupted build in order, and its server stays.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return "", "", fmt.Errorf("tools/bazel build %s%s failed: %v", targets, key, err)
	}
	f, err := os.Open(events)
	if err != nil {
		return "", "", fmt.Errorf("what Bazel has built: %v", err)
	}
	defer f.Close()
	return built(f)
}

// buildEvent is the part of Bazel's build events (build_event_stream.proto) that
// names the files of a target.
type buildEvent struct {
	NamedSetOfFiles struct {
		Files []struct {
			Name       string   `json:"name"`
			URI        string   `json:"uri"`
			PathPrefix []string `json:"pathPrefix"`
		} `json:"files"`
	} `json:"namedSetOfFiles"`
}

// built finds the machine in Bazel's build events.
func built(r io.Reader) (file, root string, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var ev buildEvent
		if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
			return "", "", fmt.Errorf("Bazel's build events: %v", err)
		}
		for _, f := range ev.NamedSetOfFiles.Files {
			if !strings.HasSuffix(f.Name, suffix) {
				continue
			}
			uri, err := url.Parse(f.URI)
			if err != nil || uri.Scheme != "file" {
				return "", "", fmt.Errorf("Bazel left the machine at %s and not on this machine: add --build-option=--remote_download_outputs=toplevel", f.URI)
			}
			below := path.Join(append(slices.Clone(f.PathPrefix), f.Name)...)
			root, ok := strings.CutSuffix(uri.Path, "/"+below)
			if !ok {
				return "", "", fmt.Errorf("Bazel's build events: %s does not end with %s", uri.Path, below)
			}
			return uri.Path, root, nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", "", fmt.Errorf("Bazel's build events: %v", err)
	}
	return "", "", fmt.Errorf("Bazel's build events name no file *%s", suffix)
}
