// SPDX-License-Identifier: Apache-2.0

// Package programs looks at what the C toolchain makes, and runs it.
package programs

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// built is the path of a program that the BUILD file names by an environment variable.
func built(t *testing.T, variable string) string {
	t.Helper()
	name := os.Getenv(variable)
	if name == "" {
		t.Skip(variable + " is not set; run with Bazel")
	}
	return filepath.Join(os.Getenv("TEST_SRCDIR"), name)
}

// run executes a program elsewhere and without an environment: it must find
// what it needs by itself.
func run(t *testing.T, program string, args ...string) (output string, status int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", program, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// values are what a program printed behind key.
func values(output, key string) (found []string) {
	for _, line := range strings.Split(output, "\n") {
		if v, ok := strings.CutPrefix(line, key+": "); ok {
			found = append(found, v)
		}
	}
	return found
}

func readELF(t *testing.T, file string) *elf.File {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func hasInterpreter(f *elf.File) bool {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return true
		}
	}
	return false
}

// Nothing but the program itself may be mapped, or the test of a C library
// would pass or fail by the C library of the host.
func TestStaticProgramsMapNothingElse(t *testing.T) {
	for variable, kind := range map[string]elf.Type{"STATIC": elf.ET_DYN, "FIXED": elf.ET_EXEC} {
		t.Run(variable, func(t *testing.T) {
			program := built(t, variable)
			f := readELF(t, program)
			if f.Machine != elf.EM_X86_64 || f.Type != kind || hasInterpreter(f) {
				t.Errorf("machine %v, type %v, interpreter %v", f.Machine, f.Type, hasInterpreter(f))
			}
			if libs, _ := f.ImportedLibraries(); len(libs) > 0 {
				t.Errorf("it needs %q", libs)
			}
			out, status := run(t, program)
			if status != 0 {
				t.Fatalf("status %d\n%s", status, out)
			}
			maps := values(out, "map")
			if len(maps) == 0 {
				t.Fatalf("no map in:\n%s", out)
			}
			for _, m := range maps {
				if filepath.Base(m) != filepath.Base(program) {
					t.Errorf("it maps %s", m)
				}
			}
		})
	}
}

func TestDynamicProgramMapsOnlyLockedLibraries(t *testing.T) {
	program, plugin := built(t, "DYNAMIC"), built(t, "PLUGIN")
	if hasInterpreter(readELF(t, program)) {
		t.Error("it names a loader by an absolute path")
	}
	out, status := run(t, program, plugin)
	if status != 0 {
		t.Fatalf("status %d\n%s", status, out)
	}
	if got := values(out, "answer"); len(got) != 1 || got[0] != "42" {
		t.Errorf("the plugin's answer is %q", got)
	}
	seen := map[string]bool{}
	for _, m := range values(out, "map") {
		base := filepath.Base(m)
		seen[base] = true
		if base != "dynamic" && base != "plugin.so" && !strings.Contains(m, "toolchains/cc/x86_64/libraries/") {
			t.Errorf("it maps %s", m)
		}
	}
	for _, want := range []string{"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"} {
		if !seen[want] {
			t.Errorf("it does not map %s:\n%s", want, out)
		}
	}
}

// A variable that moves libraries must not move the program's C library.
func TestDynamicProgramIgnoresTheHostsLibraryPath(t *testing.T) {
	program, plugin := built(t, "DYNAMIC"), built(t, "PLUGIN")
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "libc.so.6"), []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, plugin)
	cmd.Env = []string{"LD_LIBRARY_PATH=" + other}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestDynamicProgramWithoutRuntimeSaysSo(t *testing.T) {
	image, err := os.ReadFile(built(t, "DYNAMIC"))
	if err != nil {
		t.Fatal(err)
	}
	lone := filepath.Join(t.TempDir(), "lone")
	if err := os.WriteFile(lone, image, 0o755); err != nil {
		t.Fatal(err)
	}
	out, status := run(t, lone)
	if status != 127 || !strings.Contains(out, "add //toolchains/cc:runtime to its data") {
		t.Fatalf("status %d\n%s", status, out)
	}
}

func TestAarch64(t *testing.T) {
	wrapper := built(t, "STATIC_AARCH64")
	out, status := run(t, wrapper)
	if status != 0 {
		t.Fatalf("status %d\n%s", status, out)
	}
	// The emulator shows the program the maps of its own address space.
	programs := 0
	for _, m := range values(out, "map") {
		f := readELF(t, m)
		if f.Machine != elf.EM_AARCH64 {
			t.Errorf("%s is mapped, for %v", m, f.Machine)
			continue
		}
		programs++
		if f.Type != elf.ET_DYN || hasInterpreter(f) {
			t.Errorf("type %v, interpreter %v", f.Type, hasInterpreter(f))
		}
		if libs, _ := f.ImportedLibraries(); len(libs) > 0 {
			t.Errorf("it needs %q", libs)
		}
	}
	if programs == 0 {
		t.Errorf("the program is not mapped:\n%s", out)
	}
}

// The bytes must not depend on the folder, the machine or the hour of the build.
func TestNothingOfTheBuildingMachine(t *testing.T) {
	out, _ := run(t, built(t, "STATIC"))
	if got := values(out, "file"); len(got) != 1 || got[0] != "toolchains/cc/tests/report.c" {
		t.Errorf("__FILE__ is %q", got)
	}
	if got := values(out, "built"); len(got) != 1 || got[0] != "redacted redacted redacted" {
		t.Errorf("the times of the build are %q", got)
	}
	for _, variable := range []string{"STATIC", "FIXED", "DYNAMIC", "PLUGIN", "FAULTS_ASAN"} {
		image, err := os.ReadFile(built(t, variable))
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"/execroot/", "/sandbox/", "/proc/self/cwd"} {
			if at := bytes.Index(image, []byte(bad)); at >= 0 {
				t.Errorf("%s has %q", variable, image[max(0, at-40):min(len(image), at+60)])
			}
		}
	}
}

func TestSanitizersCatch(t *testing.T) {
	for _, c := range []struct{ variable, fault, want string }{
		{"FAULTS_ASAN", "heap_overflow", "AddressSanitizer: heap-buffer-overflow"},
		{"FAULTS_ASAN", "use_after_free", "AddressSanitizer: heap-use-after-free"},
		{"FAULTS_ASAN", "stack_overflow", "AddressSanitizer: stack-buffer-overflow"},
		{"FAULTS_ASAN", "leak", "LeakSanitizer: detected memory leaks"},
		{"FAULTS_UBSAN", "signed_overflow", "signed integer overflow"},
		{"FAULTS_UBSAN", "wide_shift", "shift exponent 32 is too large"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			// The fault must be a silent one, or the sanitizer proves nothing.
			if out, status := run(t, built(t, "FAULTS"), c.fault); status != 0 {
				t.Fatalf("status %d without a sanitizer\n%s", status, out)
			}
			program := built(t, c.variable)
			if out, status := run(t, program, "none"); status != 0 || out != "" {
				t.Fatalf("status %d without a fault\n%s", status, out)
			}
			out, status := run(t, program, c.fault)
			if status == 0 {
				t.Errorf("status 0")
			}
			if !strings.Contains(out, c.want) {
				t.Errorf("no %q in\n%s", c.want, out)
			}
			// Symbols and lines: without them a report cannot be acted on.
			if !strings.Contains(out, "faults.c:") {
				t.Errorf("no line of the source in\n%s", out)
			}
		})
	}
}
