// SPDX-License-Identifier: Apache-2.0

package modules

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Download has the go command fetch a module, from wherever the machine's Go
// is set up to take modules, and returns the zip file in its cache.
func Download(ctx context.Context, m Module) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.At())
	cmd.Dir = os.TempDir() // out of every module, whose go.mod would have a say
	cmd.Env = append(os.Environ(), "GO111MODULE=on", "GOFLAGS=-mod=mod", "GOWORK=off")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, runErr := cmd.Output()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	var d struct{ Zip, Sum, Error string }
	if err := json.Unmarshal(out, &d); err != nil && runErr == nil {
		return "", fmt.Errorf("go mod download %s: %w", m.At(), err)
	}
	if d.Error == "" && runErr != nil {
		d.Error = strings.TrimSpace(runErr.Error() + " " + complaint.String())
	}
	if d.Error != "" {
		return "", fmt.Errorf("the Go module %s cannot be had: %s; check `go env GOPROXY`", m.At(), d.Error)
	}
	if d.Sum != m.Sum {
		return "", fmt.Errorf("the Go module %s is not the locked one: its checksum is %s, wanted %s", m.At(), d.Sum, m.Sum)
	}
	return d.Zip, nil
}

// Unzip writes a module's files into dir. Zip files of Go modules carry no
// permissions, so scripts are told by their first line.
func Unzip(m Module, file, dir string) error {
	r, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range r.File {
		name, ok := strings.CutPrefix(f.Name, m.At()+"/")
		if !ok || !filepath.IsLocal(name) {
			return fmt.Errorf("%s: the name %q is not one of the module's", file, f.Name)
		}
		if err := writeEntry(root, name, f); err != nil {
			return fmt.Errorf("%s: %w", m.At(), err)
		}
	}
	return nil
}

func writeEntry(root *os.Root, name string, f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if bytes.HasPrefix(content, []byte("#!")) {
		mode = 0o755
	}
	return errors.Join(
		root.MkdirAll(filepath.Dir(name), 0o755),
		root.WriteFile(name, content, mode),
	)
}
