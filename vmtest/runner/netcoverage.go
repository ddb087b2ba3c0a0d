// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"path/filepath"

	"github.com/tidelock/tidelock/vmtest/coverage"
)

// saveCoverage writes what each role has counted into a folder <role>.coverage below
// dir, and the sum of all roles to where a test of one guest has its report.
func (r *NetResult) saveCoverage(dir, collect string) error {
	var all measured
	for _, role := range r.Roles {
		if dir != "" {
			if err := role.coverage.saveIn(filepath.Join(dir, role.Role+"."+CoverageFolder)); err != nil {
				return err
			}
		}
		if role.coverage.report != nil {
			if all.report == nil {
				all.report = &coverage.Report{}
			}
			all.report.Add(role.coverage.report)
		}
	}
	return all.save(dir, collect)
}
