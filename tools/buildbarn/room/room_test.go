// SPDX-License-Identifier: Apache-2.0

package room

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The test program is also the program that lives in the room.
func TestMain(m *testing.M) {
	Enter()
	if len(os.Args) > 1 && os.Args[1] == "look" {
		look()
		return
	}
	os.Exit(m.Run())
}

// look prints what there is in the room.
func look() {
	fs.WalkDir(os.DirFS("/"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Println("error:", err)
			return nil
		}
		if path == "proc" {
			return fs.SkipDir
		}
		fmt.Println("/" + path)
		return nil
	})
	procs, _ := filepath.Glob("/proc/[0-9]*")
	fmt.Println("processes:", len(procs))
	fmt.Println("env:", os.Environ())
	fmt.Println("write root:", os.WriteFile("/new", nil, 0o644) != nil)
	fmt.Println("write shown:", os.WriteFile("/shown/new", nil, 0o644) != nil)
	fmt.Println("write build:", os.WriteFile("/build/new", []byte("made inside"), 0o644) == nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("loopback:", err)
	if err == nil {
		c, err := net.Dial("tcp", l.Addr().String())
		fmt.Println("connects:", err)
		if err == nil {
			c.Close()
		}
	}
	ifaces, _ := net.Interfaces()
	fmt.Println("interfaces:", len(ifaces))
}

func TestRoomHoldsWhatIsNamed(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"root", "shown", "build"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "shown", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spec := Spec{
		Root: filepath.Join(dir, "root"),
		Binds: []Bind{
			{From: self, To: "/program"},
			{From: filepath.Join(dir, "shown"), To: "/shown"},
			{From: filepath.Join(dir, "build"), To: "/build", Writable: true},
		},
		Links:   map[string]string{"/bin/name": "/program"},
		Command: []string{"/bin/name", "look"},
		Env:     []string{"ONLY=this"},
	}
	cmd, err := spec.Process()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{
		"/.", "/bin", "/bin/name", "/build", "/dev", "/dev/fd", "/dev/full", "/dev/null", "/dev/random", "/dev/shm",
		"/dev/stderr", "/dev/stdin", "/dev/stdout", "/dev/urandom", "/dev/zero", "/program", "/shown", "/shown/file", "/tmp",
		"processes: 2", "env: [ONLY=this]", "write root: true", "write shown: true", "write build: true",
		"loopback: <nil>", "connects: <nil>", "interfaces: 1",
	}
	// A sandbox around this test may have fewer devices.
	want = slices.DeleteFunc(want, func(line string) bool {
		name, ok := strings.CutPrefix(line, "/dev/")
		if !ok || !slices.Contains(devices, name) {
			return false
		}
		_, err := os.Stat(line)
		return err != nil
	})
	if !slices.Equal(got, want) {
		t.Errorf("in the room:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := os.ReadFile(filepath.Join(dir, "build", "new"))
	if err != nil || string(text) != "made inside" {
		t.Errorf("what was written in the room: %q, %v", text, err)
	}
	left, err := os.ReadDir(spec.Root)
	if err != nil || len(left) != 0 {
		t.Errorf("the room left %v behind, %v", left, err)
	}
}

func TestRoomReportsTheProgramsStatus(t *testing.T) {
	spec := Spec{Root: t.TempDir(), Command: []string{"/not/there"}}
	cmd, err := spec.Process()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "start /not/there: no such file") {
		t.Errorf("a missing program: %v, %q", err, out)
	}
}

func TestBadSpecs(t *testing.T) {
	for _, test := range []struct {
		name string
		spec Spec
		want string
	}{
		{"no program", Spec{Root: "/r"}, "no program"},
		{"relative root", Spec{Root: "r", Command: []string{"/x"}}, "not an absolute path"},
		{"relative bind", Spec{Root: "/r", Command: []string{"/x"}, Binds: []Bind{{From: "a", To: "/a"}}}, "absolute paths"},
		{"relative link", Spec{Root: "/r", Command: []string{"/x"}, Links: map[string]string{"a": "/a"}}, "not an absolute path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.spec.Process()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
