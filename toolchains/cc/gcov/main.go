// SPDX-License-Identifier: Apache-2.0

// Command gcov stands where `bazel coverage` calls gcov, and writes LCOV: the
// one format that every program which joins reports can read.
//
// Bazel's script calls it as gcov -i -b -o FOLDER DATA. The program behind it
// is named by $GCOV, the folder of the reports by $COVERAGE_DIR.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tidelock/tidelock/toolchains/cc/gcov/lcov"
)

func main() {
	if err := run(os.Getenv("GCOV"), os.Getenv("COVERAGE_DIR"), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gcov:", err)
		os.Exit(1)
	}
}

func run(gcov, reports string, args []string) error {
	if gcov == "" {
		return fmt.Errorf("GCOV is not set: it names the gcov to run")
	}
	cmd := exec.Command(gcov, args...)
	cmd.Stderr = os.Stderr
	if len(args) < 2 { // --version and the like
		cmd.Stdout = os.Stdout
		return cmd.Run()
	}
	if reports == "" {
		return fmt.Errorf("COVERAGE_DIR is not set: it names the folder for reports")
	}
	cmd.Args = append(cmd.Args[:1:1], append([]string{"--stdout"}, args...)...)
	data, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", gcov, err)
	}
	var report bytes.Buffer
	if err := lcov.Convert(&report, data); err != nil {
		return fmt.Errorf("%s: %w", args[len(args)-1], err)
	}
	name := fmt.Sprintf("gcov-%x.dat", sha256.Sum256([]byte(args[len(args)-1])))
	if err := os.WriteFile(filepath.Join(reports, name), report.Bytes(), 0o644); err != nil {
		return err
	}
	// What the script looks for when gcov is done, and appends to a report of its own.
	return os.WriteFile("empty.gcov", nil, 0o644)
}
