// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/gcov"
	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

const counted = "vmtest/sample/core#mem.gcda"

// sayCoverage is what the fake guest sends of counts, in two pieces.
func sayCoverage(how string, say func(wire.Event)) {
	name := counted
	switch how {
	case "counts":
	case "counts cut off":
	case "counts elsewhere":
		name = "../../x.gcda"
	default:
		return
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(os.Args[0]), "sample"))
	if err != nil {
		os.Exit(98)
	}
	if how == "counts cut off" {
		data = data[:100]
	}
	say(wire.Event{Type: wire.TypeCoverage, File: name, Bytes: data[:60]})
	say(wire.Event{Type: wire.TypeCoverage, File: name, Bytes: data[60:]})
}

// counting is a configuration whose module counts, measured by the locked gcov that
// Bazel gives, or the machine's own for a person who runs `go test`.
func counting(t *testing.T, how string, change func(*Config)) (file, out string) {
	t.Helper()
	major, program := "14", filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), os.Getenv("VMTEST_GCC_ROOT_14"), "usr/bin/gcov-14")
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("TEST_SRCDIR") != "" {
			t.Fatal(err)
		}
		if major, program = "12", "/usr/bin/gcov-12"; !exists(program) {
			t.Skip("no gcov of GCC 12 or 14; run with Bazel")
		}
	}
	samples, err := filepath.Abs("../gcov/testdata/" + major)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COVERAGE_DIR", t.TempDir())
	file = setup(t, how, func(c *Config) {
		c.Coverage = []gcov.Module{{Name: "vmtest/sample", Notes: filepath.Join(samples, "notes"), Program: program, Package: "kmod"}}
		if change != nil {
			change(c)
		}
	})
	// Beside the fake guest, which has no environment.
	if err := os.Symlink(filepath.Join(samples, "mem.gcda"), filepath.Join(filepath.Dir(file), "usr/bin/sample")); err != nil {
		t.Fatal(err)
	}
	return file, t.TempDir()
}

func TestCoverageIsMeasured(t *testing.T) {
	file, out := counting(t, "counts", nil)
	status, text, r := runMain(t, file, "-out", out)
	if status != 0 || r != nil && r.Class != "" && r.Class != verdict.Pass {
		t.Fatalf("status %d\n%s", status, text)
	}
	for _, name := range []string{
		filepath.Join(out, CoverageFolder, CoverageReport),
		filepath.Join(os.Getenv("COVERAGE_DIR"), "vmtest.dat"),
	} {
		data, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(data), "SF:kmod/core/mem.c\n") || !strings.Contains(string(data), "DA:21,10\n") {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	got, err := os.ReadFile(filepath.Join(out, CoverageFolder, counted))
	want, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "usr/bin/sample"))
	if err != nil || string(got) != string(want) {
		t.Errorf("the data file is not what the guest sent: %v, %d bytes", err, len(got))
	}
}

func TestCoverageThatIsMissing(t *testing.T) {
	for _, c := range []struct {
		how    string
		change func(*Config)
		class  verdict.Class
		text   string
	}{
		{"all good", nil, verdict.Infra, "was the module loaded?"},
		{"counts cut off", nil, verdict.Infra, "it ends in the head of a record"},
		{"counts elsewhere", nil, verdict.Infra, "not a clean name below a folder"},
		{"counts", func(c *Config) { c.Coverage[0].Notes = "/nonexistent" }, verdict.Infra, "mem.gcno"},
		// What the kernel says comes first.
		{"splat", nil, verdict.Splat, "KASAN: double-free"},
		{"case fails", nil, verdict.TestFail, "TestA failed"},
	} {
		t.Run(c.how, func(t *testing.T) {
			file, out := counting(t, c.how, c.change)
			status, text, _ := runMain(t, file, "-out", out)
			if status != 1 || !strings.Contains(text, string(c.class)) || !strings.Contains(text, c.text) {
				t.Errorf("status %d, want 1 with %s and %q\n%s", status, c.class, c.text, text)
			}
			if exists(filepath.Join(out, CoverageFolder, CoverageReport)) {
				t.Error("there is a report")
			}
			if exists(filepath.Join(filepath.Dir(out), "x.gcda")) {
				t.Error("a file was written out of the folder")
			}
		})
	}
}

func TestCoverageConfig(t *testing.T) {
	file, _ := counting(t, "counts", func(c *Config) { c.Coverage[0].Package = "" })
	if _, err := Load(file, "/d"); err == nil || !strings.Contains(err.Error(), "coverage[0].package: is empty") {
		t.Errorf("error %v", err)
	}
	file, _ = counting(t, "counts", func(c *Config) { c.Coverage[0].Notes = "a/notes" })
	if c, err := Load(file, "/d"); err != nil || c.Coverage[0].Notes != "/d/a/notes" {
		t.Errorf("%v, %v", c, err)
	}
}
