// SPDX-License-Identifier: Apache-2.0

// Command gobuild runs `go build` in an action: on a patched copy of a vendored module, with a
// cache and temporary files that go away with it, and without the network.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tidelock/tidelock/tools/buildbarn/gobuild/patch"
)

func main() {
	var (
		tool   = flag.String("go", "", "the SDK's bin/go")
		goos   = flag.String("goos", "", "operating system to build for")
		goarch = flag.String("goarch", "", "architecture to build for")
		module = flag.String("module", "", "folder of go.mod and vendor")
		out    = flag.String("out", "", "folder for the commands")
		diffs  list
	)
	flag.Var(&diffs, "patch", "`file` to apply to the module before; may be repeated")
	flag.Parse()
	if *tool == "" || *module == "" || *out == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "gobuild: -go, -module, -out and the commands' import paths are needed")
		os.Exit(2)
	}
	if err := build(*tool, *goos, *goarch, *module, *out, diffs, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "gobuild: %v\n", err)
		os.Exit(1)
	}
}

// list is a flag that can be given several times.
type list []string

func (l *list) String() string { return "" }

// Set adds a value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func build(tool, goos, goarch, module, out string, diffs, commands []string) error {
	tool, err := filepath.Abs(tool)
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "gobuild-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	// In a sandbox the sources are symbolic links, which go refuses to embed.
	sources := filepath.Join(scratch, "module")
	if err := copyTree(sources, module); err != nil {
		return err
	}
	for _, file := range diffs {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := patch.ApplyTo(sources, string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	cmd := exec.Command(tool, append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out + "/"}, commands...)...)
	cmd.Dir = sources
	cmd.Env = []string{
		"CGO_ENABLED=0",
		"GOARCH=" + goarch,
		"GOCACHE=" + filepath.Join(scratch, "cache"),
		"GOENV=off",
		"GOFLAGS=-mod=vendor",
		"GOOS=" + goos,
		"GOPATH=" + filepath.Join(scratch, "gopath"),
		"GOPROXY=off",
		"GOROOT=" + filepath.Dir(filepath.Dir(tool)),
		"GOTELEMETRY=off",
		"GOTOOLCHAIN=local",
		"GOWORK=off",
		"TMPDIR=" + os.TempDir(),
	}
	cmd.Stdout = os.Stderr
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// copyTree copies a folder, with the files that its links point to in their place.
func copyTree(to, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		source, target := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		info, err := os.Stat(source)
		if err != nil {
			return err
		}
		if info.IsDir() {
			err = copyTree(target, source)
		} else {
			var data []byte
			if data, err = os.ReadFile(source); err == nil {
				err = os.WriteFile(target, data, 0o644)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
