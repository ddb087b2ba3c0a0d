// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/toolchains/kernel/kbuild/workspace"
)

// compiler is the locked one that Bazel gives, or the machine's own for a person who
// runs `go test`.
func compiler(t *testing.T, major string) string {
	t.Helper()
	root := os.Getenv("KBUILD_GCC_ROOT_" + major)
	program := filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), root, "usr/bin/gcc-"+major)
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("TEST_SRCDIR") != "" {
			t.Fatal(err)
		}
		t.Skipf("no GCC %s; run with Bazel", major)
	}
	program, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// kernelWith makes the part of headers that flags reads.
func kernelWith(t *testing.T, dir, config string) string {
	t.Helper()
	headers := filepath.Join(dir, "kernel/usr/src/linux")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(headers, "include/config"), 0o755),
		os.WriteFile(filepath.Join(headers, "include/config/auto.conf"), []byte(config), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return headers
}

// compiled compiles one source as the kernel's makefiles do, in a workspace of its
// own, and returns the object and the notes as they leave it.
func compiled(t *testing.T, gcc, dir string) (object, notes []byte) {
	t.Helper()
	headers := kernelWith(t, dir, "CONFIG_GCOV_KERNEL=y\n")
	w := &workspace.Workspace{Dir: dir}
	const module = "../../../../module"
	c := &Coverage{Name: "x/tidelock", Package: "kmod", Notes: filepath.Join(dir, "notes")}
	flags, err := c.flags("x86", headers, module)
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(w.Module(), "core/mem.c")
	for _, err := range []error{
		os.MkdirAll(filepath.Dir(source), 0o755),
		os.WriteFile(source, []byte("int f(int a)\n{\n\tif (a)\n\t\treturn 2;\n\treturn 3;\n}\n"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-g", "-O1", "-fprofile-arcs", "-ftest-coverage", "-ffile-prefix-map=" + w.Module() + "/=", "-ffile-prefix-map=" + dir + "/="}
	args = append(append(args, strings.Fields(flags)...), "-c", "-o", module+"/core/mem.o", module+"/core/mem.c")
	cmd := exec.Command(gcc, args...)
	cmd.Dir, cmd.Env = headers, []string{"PATH=" + filepath.Dir(gcc) + ":/usr/bin"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := c.write(w, filepath.Join(w.Module(), "core/mem.o")); err != nil {
		t.Fatal(err)
	}
	for file, to := range map[string]*[]byte{filepath.Join(w.Module(), "core/mem.o"): &object, filepath.Join(c.Notes, "core/mem.gcno"): &notes} {
		if *to, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return object, notes
}

// The same source in two folders, of names of different length, gives the same object
// and notes, without the folder in them.
func TestCoverageIsReproducible(t *testing.T) {
	for _, major := range []string{"12", "14"} {
		t.Run(major, func(t *testing.T) {
			gcc := compiler(t, major)
			top := t.TempDir()
			object, notes := compiled(t, gcc, filepath.Join(top, "a"))
			object2, notes2 := compiled(t, gcc, filepath.Join(top, "another"))
			if !bytes.Equal(object, object2) || !bytes.Equal(notes, notes2) {
				t.Errorf("objects are equal: %v, notes are equal: %v", bytes.Equal(object, object2), bytes.Equal(notes, notes2))
			}
			if bytes.Contains(object, []byte(top)) || bytes.Contains(notes, []byte(top)) {
				t.Error("the folder of the build stands in the object or in the notes")
			}
			if !bytes.Contains(object, []byte("x/tidelock/core#mem.gcda\x00")) || !bytes.Contains(notes, []byte("kmod/core/mem.c\x00")) {
				t.Error("the names of the counts or of the source are not what was asked for")
			}
		})
	}
}

func TestCoverageWantsAKernelForIt(t *testing.T) {
	c := &Coverage{Name: "x", Package: "kmod"}
	headers := kernelWith(t, t.TempDir(), "CONFIG_KASAN=y\n")
	if _, err := c.flags("x86", headers, "/m"); err == nil || !strings.Contains(err.Error(), "CONFIG_GCOV_KERNEL=y") {
		t.Errorf("error %v", err)
	}
	headers = kernelWith(t, t.TempDir(), "CONFIG_GCOV_KERNEL=y\n")
	for arch, want := range map[string]bool{"x86": false, "arm64": true} {
		flags, err := c.flags(arch, headers, "/m")
		if err != nil || strings.Contains(flags, "-mno-outline-atomics") != want {
			t.Errorf("%s: %q, %v", arch, flags, err)
		}
	}
}

func TestCoverageRefusesWhatItCannotExplain(t *testing.T) {
	w := &workspace.Workspace{Dir: t.TempDir()}
	module := filepath.Join(w.Module(), "m.ko")
	notes := filepath.Join(w.Module(), "core/mem.gcno")
	for _, err := range []error{os.MkdirAll(filepath.Dir(notes), 0o755), os.WriteFile(module, []byte("x/core#mem.gcda\x00"), 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c := &Coverage{Name: "x", Package: "kmod", Notes: filepath.Join(w.Dir, "notes")}
	if err := c.write(w, module); err == nil || !strings.Contains(err.Error(), "left no notes") {
		t.Errorf("no notes: %v", err)
	}
	for _, s := range []struct{ text, want string }{
		{"", "no notes of gcov"},
		{"text that is long enough", "no notes of gcov"},
	} {
		if err := os.WriteFile(notes, []byte(s.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := c.write(w, module); err == nil || !strings.Contains(err.Error(), s.want) {
			t.Errorf("%q: %v", s.text, err)
		}
	}
	c.Name = "y"
	if err := c.write(w, module); err == nil || !strings.Contains(err.Error(), "does not name y/core#mem.gcda") {
		t.Errorf("another name: %v", err)
	}
}

// notesWith are the first bytes of notes.
func notesWith(size uint32, folder string) []byte {
	out := binary.LittleEndian.AppendUint32(nil, notesMagic)
	out = append(out, make([]byte, notesFolder-4)...)
	return append(binary.LittleEndian.AppendUint32(out, size), folder...)
}

func FuzzWithoutFolder(f *testing.F) {
	f.Add(notesWith(7, "/a/bcd\x00rest"))
	f.Add(notesWith(0xffffffff, "/a\x00"))
	f.Add(notesWith(2, "/\x00"))
	f.Add(notesWith(0, ""))
	f.Add(notesWith(9, "/a\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := withoutFolder(in)
		if err != nil {
			return
		}
		_, rest, _ := bytes.Cut(in[notesFolder+4:], []byte{0})
		want := append(append(bytes.Clone(in[:notesFolder]), 2, 0, 0, 0, '.', 0), rest...)
		if !bytes.Equal(out, want) {
			t.Errorf("%x became %x", in, out)
		}
	})
}
