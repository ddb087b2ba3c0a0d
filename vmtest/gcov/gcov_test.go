// SPDX-License-Identifier: Apache-2.0

package gcov

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The samples in testdata are of one program, compiled by GCC 12 and 14 as modules
// are, whose counts the kernel's own code wrote (kernel/gcov/gcc_4_7.c of Linux 6.1
// and 6.12, compiled as a program).
const (
	sampleName = "vmtest/sample"
	sampleFile = sampleName + "/core#mem.gcda"
)

// want is what the program ran, in 12's and 14's words alike.
const want = `SF:kmod/compat/compat.h
BRDA:3,0,0,0
BRDA:3,0,1,3
DA:3,3
FNF:0
FNH:0
BRF:2
BRH:1
LF:1
LH:1
end_of_record
SF:kmod/core/mem.c
FN:4,count
FNDA:10,count
FN:11,never
FNDA:0,never
FN:16,main
FNDA:1,main
BRDA:6,0,0,3
BRDA:6,0,1,7
BRDA:20,0,0,10
BRDA:20,0,1,1
DA:4,10
DA:6,10
DA:7,0
DA:11,0
DA:13,0
DA:16,1
DA:20,11
DA:21,10
DA:22,1
FNF:3
FNH:2
BRF:4
BRH:4
LF:9
LH:6
end_of_record
`

// sample returns the data and the module of one compiler's sample. gcov is the
// locked one that Bazel gives, or the machine's own for a person who runs `go test`.
func sample(t *testing.T, major string) (map[string][]byte, Module) {
	t.Helper()
	program := filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), os.Getenv("VMTEST_GCC_ROOT_"+major), "usr/bin/gcov-"+major)
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("TEST_SRCDIR") != "" {
			t.Fatal(err)
		}
		t.Skipf("no gcov of GCC %s; run with Bazel", major)
	}
	data, err := os.ReadFile(filepath.Join("testdata", major, "mem.gcda"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{sampleFile: data}, Module{Name: sampleName, Notes: filepath.Join("testdata", major, "notes"), Program: program, Package: "kmod"}
}

func TestMeasure(t *testing.T) {
	for _, major := range []string{"12", "14"} {
		t.Run(major, func(t *testing.T) {
			data, module := sample(t, major)
			r, err := Measure(context.Background(), data, []Module{module})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := r.LCOV(&got); err != nil {
				t.Fatal(err)
			}
			if got.String() != want {
				t.Errorf("got:\n%s", got.String())
			}
		})
	}
}

func TestMeasureRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(data map[string][]byte, m *Module)
		want   string
	}{
		{"nothing came", func(data map[string][]byte, m *Module) { delete(data, sampleFile) }, "was the module loaded?"},
		{"of another module", func(data map[string][]byte, m *Module) { data["x/y.gcda"] = data[sampleFile] }, "no module of the test has notes"},
		{"cut off in a record", func(data map[string][]byte, m *Module) { data[sampleFile] = data[sampleFile][:100] }, "it ends in the"},
		{"cut off between two", func(data map[string][]byte, m *Module) { data[sampleFile] = data[sampleFile][:10] }, "fewer than a header"},
		{"text", func(data map[string][]byte, m *Module) { data[sampleFile] = []byte(strings.Repeat("text", 9)) }, "no data file"},
		{"of another build", func(data map[string][]byte, m *Module) { data[sampleFile][headerSize+12]++ }, "gcov: "},
		{"of another compiler", func(data map[string][]byte, m *Module) { copy(data[sampleFile][4:], "*01A") }, "gcov: "},
		{"of no object", func(data map[string][]byte, m *Module) {
			data[sampleName+"/core#other.gcda"] = data[sampleFile]
		}, "other.gcno"},
		{"out of the notes", func(data map[string][]byte, m *Module) {
			data[sampleName+"/..#..#x.gcda"] = data[sampleFile]
		}, "leads out of the notes"},
		{"of a part of the objects", func(data map[string][]byte, m *Module) {
			notes := filepath.Join(t.TempDir(), "notes")
			if err := os.CopyFS(notes, os.DirFS(m.Notes)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(notes, "core/never.gcno"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			// As in runfiles, where a folder may be a link.
			if m.Notes = notes + "-link"; os.Symlink(notes, m.Notes) != nil {
				t.Fatal("no link")
			}
		}, "core#never.gcda: the compiler left notes of it (core/never.gcno), and the guest has no counts"},
		{"no gcov", func(data map[string][]byte, m *Module) { m.Program = "/nonexistent" }, "nonexistent"},
		{"no notes", func(data map[string][]byte, m *Module) { m.Notes = t.TempDir() }, "mem.gcno"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, module := sample(t, "12")
			c.change(data, &module)
			_, err := Measure(context.Background(), data, []Module{module})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	whole := Module{Name: "n", Notes: "o", Program: "p", Package: "k"}
	if err := whole.Check(); err != nil {
		t.Error(err)
	}
	for field, m := range map[string]Module{
		"name": {"", "o", "p", "k"}, "notes": {"n", "", "p", "k"}, "program": {"n", "o", "", "k"}, "package": {"n", "o", "p", ""},
	} {
		if err := m.Check(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: error %v", field, err)
		}
	}
}

// A file that is accepted is whole: with one byte less it is not, or it ends where a
// record does.
func FuzzCheckData(f *testing.F) {
	data, err := os.ReadFile("testdata/14/mem.gcda")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:50])
	f.Add(append(bytes.Clone(data[:headerSize]), 0, 0, 0xa1, 1, 0xf0, 0xff, 0xff, 0xff))
	f.Add(binary.LittleEndian.AppendUint32(bytes.Clone(data[:headerSize+4]), 0x7fffffff))
	f.Fuzz(func(t *testing.T, data []byte) {
		if CheckData(data) != nil {
			return
		}
		if err := CheckData(append(bytes.Clone(data), 1)); err == nil {
			t.Errorf("%x is whole, and with a byte behind it too", data)
		}
	})
}
