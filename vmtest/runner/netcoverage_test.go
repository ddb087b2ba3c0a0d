// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// netCounting is a test of two roles with a module that counts.
func netCounting(t *testing.T, one, two string) string {
	t.Helper()
	file, _ := counting(t, "counts", nil)
	single, err := Load(file, "/")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.Readlink(filepath.Join(single.QEMURoot, "usr/bin/sample"))
	if err != nil {
		t.Fatal(err)
	}
	return netSetup(t, one, two, func(c *NetConfig) {
		for i := range c.Roles {
			g := &c.Roles[i].Guest
			g.Coverage = single.Coverage
			if err := os.Symlink(sample, filepath.Join(g.QEMURoot, "usr/bin/sample")); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestNetCoverage(t *testing.T) {
	status, text, out := runNet(t, netCounting(t, "counts", "counts"))
	if status != 0 {
		t.Fatalf("status %d\n%s", status, text)
	}
	for name, want := range map[string]string{
		filepath.Join(out, "one.coverage", CoverageReport):        "DA:21,10\n",
		filepath.Join(out, "two.coverage", CoverageReport):        "DA:21,10\n",
		filepath.Join(out, CoverageFolder, CoverageReport):        "DA:21,20\n",
		filepath.Join(os.Getenv("COVERAGE_DIR"), "vmtest.dat"):    "DA:21,20\n",
		filepath.Join(out, "two.coverage", filepath.Dir(counted)): "",
	} {
		if want == "" {
			if !exists(name) {
				t.Errorf("%s: the data files are missing", name)
			}
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
}

func TestNetCoverageThatIsMissing(t *testing.T) {
	status, text, out := runNet(t, netCounting(t, "counts", "meet"))
	if status != 1 || !strings.Contains(text, "INFRA: two: coverage could not be measured") || !strings.Contains(text, "was the module loaded?") {
		t.Errorf("status %d\n%s", status, text)
	}
	// What the other has run counts all the same.
	data, err := os.ReadFile(filepath.Join(out, CoverageFolder, CoverageReport))
	if err != nil || !strings.Contains(string(data), "DA:21,10\n") || exists(filepath.Join(out, "two.coverage")) {
		t.Errorf("%v\n%s", err, data)
	}
}
