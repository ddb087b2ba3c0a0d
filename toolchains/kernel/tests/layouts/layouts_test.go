// SPDX-License-Identifier: Apache-2.0

// Package layouts holds the test that kernels packed by other distributions'
// packagers go the whole way from their packages to a module.
package layouts

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/kernel/modcheck/check"
	"github.com/tidelock/tidelock/tools/matrix-gen/cli"
)

func runfiles(t *testing.T, variable string) []string {
	t.Helper()
	paths := strings.Fields(os.Getenv(variable))
	if len(paths) == 0 {
		t.Skip("the packages and modules are made by the build: tools/bazel test //toolchains/kernel/tests/layouts:layouts_test")
	}
	for i, p := range paths {
		paths[i] = filepath.Join(os.Getenv("TEST_SRCDIR"), p)
	}
	return paths
}

// The lock that the build uses is the one that matrix-gen makes of the packages.
func TestLock(t *testing.T) {
	dist := t.TempDir()
	for _, p := range runfiles(t, "PACKAGES") {
		real, err := filepath.EvalSymlinks(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(real, filepath.Join(dist, filepath.Base(p))); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TIDELOCK_DISTDIR", dist)
	out := filepath.Join(t.TempDir(), "kernels.lock.json")
	var stdout, stderr bytes.Buffer
	status := cli.Main([]string{
		"lock", "--input=lists/x86_64.json", "--input=lists/aarch64.json", "--output=" + out,
		"--cache=" + t.TempDir(), "--package-cache=" + t.TempDir(),
	}, &stdout, &stderr)
	if status != 0 {
		t.Fatalf("matrix-gen lock: exit status %d\n%s", status, stderr.String())
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("kernels.lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		kept := filepath.Join(os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR"), "kernels.lock.json")
		if err := os.WriteFile(kept, got, 0o644); err != nil {
			t.Log(err)
		}
		t.Errorf("the packages have another lock than kernels.lock.json; if they were meant to change, copy %s there", kept)
	}
}

func TestModules(t *testing.T) {
	releases := map[string]string{}
	code := map[string][][]byte{} // by architecture
	for _, file := range runfiles(t, "MODULES") {
		if filepath.Base(file) != "layout.json" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var m check.Metadata
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		releases[m.Distribution+"/"+m.Architecture] = m.Release
		module := filepath.Join(filepath.Dir(file), "layout.ko")
		exports(t, module)
		code[m.Architecture] = append(code[m.Architecture], sections(t, module))
	}
	for key, want := range map[string]string{
		"fedora/x86_64":  "6.12.107-200.fc41.x86_64",
		"fedora/aarch64": "6.12.107-200.fc41.aarch64",
		"ubuntu/x86_64":  "6.12.0-107-generic",
		"ubuntu/aarch64": "6.12.0-107-generic",
	} {
		if releases[key] != want {
			t.Errorf("the module for %s is for %q, want %q", key, releases[key], want)
		}
	}
	// The same kernel, once with objtool rebuilt and once with the package's:
	// what objtool wrote is the same.
	for arch, all := range code {
		if len(all) != 2 || !bytes.Equal(all[0], all[1]) {
			t.Errorf("%s: the code differs between the layouts of one kernel", arch)
		}
	}
}

// exports checks that genksyms has run: the exported symbol has a checksum.
func exports(t *testing.T, module string) {
	t.Helper()
	f, err := elf.Open(module)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return strings.HasPrefix(s.Name, "__crc_layout_sum") }) &&
		f.Section("___kcrctab_gpl+layout_sum") == nil && f.Section("__kcrctab_gpl") == nil {
		t.Errorf("%s: the exported symbol has no checksum", module)
	}
}

// sections returns what objtool and the compiler wrote.
func sections(t *testing.T, module string) []byte {
	t.Helper()
	f, err := elf.Open(module)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []byte
	for _, name := range []string{
		".text", ".init.text", ".exit.text", ".orc_unwind", ".orc_unwind_ip", ".return_sites", ".call_sites", ".ibt_endbr_seal", "__kcrctab_gpl", "__versions",
	} {
		if s := f.Section(name); s != nil {
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, name...), data...)
		}
	}
	return all
}
