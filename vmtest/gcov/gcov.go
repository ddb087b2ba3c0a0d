// SPDX-License-Identifier: Apache-2.0

// Package gcov turns what instrumented kernel modules counted in a guest into a
// report, with the gcov of the compiler that built them.
package gcov

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tidelock/tidelock/toolchains/cc/gcov/lcov"
	"github.com/tidelock/tidelock/vmtest/coverage"
)

// Module is one instrumented module. Relative paths are taken from the working folder.
type Module struct {
	// Name begins the names of the module's data files: <name>/core#mem.gcda.
	Name string `json:"name"`
	// Notes is the folder with what the compiler noted: core/mem.gcno.
	Notes string `json:"notes"`
	// Program is the gcov of the compiler.
	Program string `json:"program"`
	// Package begins the names of the sources that count. Example: kmod
	Package string `json:"package"`
}

// Check reports the first field that cannot be used.
func (m *Module) Check() error {
	for _, f := range []struct{ name, value string }{
		{"name", m.Name}, {"notes", m.Notes}, {"program", m.Program}, {"package", m.Package},
	} {
		if f.value == "" {
			return fmt.Errorf("%s: is empty", f.name)
		}
	}
	return nil
}

// limit is how long gcov may take for one source.
const limit = time.Minute

// Measure reads data files, by the names that the guest's kernel has for them, and
// returns what was run of the modules' sources. A module of which there is no data
// was never loaded: an error, since its test has shown nothing; so is a data file
// that is damaged, or that no module explains, and a source with notes and no data: a
// kernel has the counts of every object of a module, of one that never ran too.
func Measure(ctx context.Context, data map[string][]byte, modules []Module) (*coverage.Report, error) {
	dir, err := os.MkdirTemp(os.Getenv("TEST_TMPDIR"), "gcov")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	report := &coverage.Report{}
	rest := make(map[string]bool, len(data))
	for name := range data {
		rest[name] = true
	}
	for _, m := range modules {
		var names []string
		for name := range rest {
			if strings.HasPrefix(name, m.Name+"/") {
				names = append(names, name)
				delete(rest, name)
			}
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s: the guest has no counts of it: was the module loaded?", m.Name)
		}
		slices.Sort(names)
		for _, name := range names {
			one, err := m.measure(ctx, dir, name, data[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			report.Add(one)
		}
		if err := m.complete(data); err != nil {
			return nil, err
		}
	}
	for name := range rest {
		return nil, fmt.Errorf("%s: the guest has counts of it, and no module of the test has notes", name)
	}
	return report, nil
}

// complete finds the first object of which there are notes and no counts.
func (m *Module) complete(data map[string][]byte) error {
	// Not filepath.WalkDir, which stays outside where the folder is a link.
	return fs.WalkDir(os.DirFS(m.Notes), ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(file) != ".gcno" {
			return err
		}
		name := m.Name + "/" + strings.ReplaceAll(strings.TrimSuffix(file, ".gcno"), "/", "#") + ".gcda"
		if _, have := data[name]; !have {
			return fmt.Errorf("%s: the compiler left notes of it (%s), and the guest has no counts: a part of the module must not be taken for all of it", name, file)
		}
		return nil
	})
}

// measure runs gcov on one data file.
func (m *Module) measure(ctx context.Context, dir, name string, data []byte) (*coverage.Report, error) {
	if err := CheckData(data); err != nil {
		return nil, err
	}
	// The compiler made one name of the object's whole path.
	stem := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, m.Name+"/"), ".gcda"), "#", "/")
	if !filepath.IsLocal(stem) {
		return nil, fmt.Errorf("%q leads out of the notes", stem)
	}
	notes, err := os.ReadFile(filepath.Join(m.Notes, stem+".gcno"))
	if err != nil {
		return nil, err
	}
	for ext, text := range map[string][]byte{".gcda": data, ".gcno": notes} {
		if err := os.WriteFile(filepath.Join(dir, "unit"+ext), text, 0o644); err != nil {
			return nil, err
		}
	}
	program, err := filepath.Abs(m.Program)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--json-format", "--branch-probabilities", "--stdout", "unit.gcda")
	cmd.Dir, cmd.Env = dir, []string{"LC_ALL=C"}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("gcov: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	// gcov says what does not fit together, takes it for code that never ran, and succeeds.
	if complaint.Len() > 0 {
		return nil, fmt.Errorf("gcov: %s", bytes.TrimSpace(complaint.Bytes()))
	}
	var text bytes.Buffer
	if err := lcov.Convert(&text, out); err != nil {
		return nil, err
	}
	report, err := coverage.Parse(&text)
	if err != nil {
		return nil, err
	}
	report.Keep(m.Package + "/")
	return report, nil
}
