// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/vmtest/coverage"
	"github.com/tidelock/tidelock/vmtest/gcov"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

// measured is what instrumented modules have counted.
type measured struct {
	files  map[string][]byte // data files of gcov, by their names in the guest
	report *coverage.Report
}

// CoverageFolder is the folder among a test's outputs with the data files of gcov;
// CoverageReport is the report in it that was made of them.
const (
	CoverageFolder = "coverage"
	CoverageReport = "coverage.info"
)

// measure makes the report. A test that passed and has none counted nothing, which
// is the harness's failure: a total without it would be wrong and look right. Where
// the test did not pass, its verdict says more.
func (r *Result) measure(ctx context.Context, modules []gcov.Module) {
	report, err := gcov.Measure(ctx, r.coverage.files, modules)
	switch {
	case err == nil:
		r.coverage.report = report
	case r.Class == verdict.Pass:
		r.Verdict = verdict.Verdict{Class: verdict.Infra, Title: "coverage could not be measured", Detail: err.Error()}
	}
}

// save writes data files and report into the folder of that name below dir, and the
// report to the folder from which `bazel coverage` collects, each where it is named.
func (m *measured) save(dir, collect string) error {
	if dir != "" {
		if err := m.saveIn(filepath.Join(dir, CoverageFolder)); err != nil {
			return err
		}
	}
	if collect == "" || m.report == nil {
		return nil
	}
	text, err := m.text()
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(collect, "vmtest.dat"), text)
}

// saveIn writes data files and report into a folder, which is made if there are any.
func (m *measured) saveIn(folder string) error {
	files := maps.Clone(m.files)
	if m.report != nil {
		text, err := m.text()
		if err != nil {
			return err
		}
		if files == nil {
			files = map[string][]byte{}
		}
		files[CoverageReport] = text
	}
	for name, data := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := writeFile(file, data); err != nil {
			return err
		}
	}
	return nil
}

// text is the report in LCOV's format.
func (m *measured) text() ([]byte, error) {
	var text bytes.Buffer
	if err := m.report.LCOV(&text); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return text.Bytes(), nil
}
