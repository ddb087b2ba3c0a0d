// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"context"
	"fmt"
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

// save writes data files and report below dir, and the report to the folder from
// which `bazel coverage` collects, each where it is named.
func (m *measured) save(dir, collect string) error {
	if dir != "" {
		for name, data := range m.files {
			file := filepath.Join(dir, CoverageFolder, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := writeFile(file, data); err != nil {
				return err
			}
		}
	}
	if m.report == nil {
		return nil
	}
	var text bytes.Buffer
	if err := m.report.LCOV(&text); err != nil {
		return err
	}
	if dir != "" {
		if err := writeFile(filepath.Join(dir, CoverageFolder, CoverageReport), text.Bytes()); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	if collect != "" {
		return writeFile(filepath.Join(collect, "vmtest.dat"), text.Bytes())
	}
	return nil
}
