// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

const fakeName = "qemu-system-x86_64"

// The test binary plays QEMU with a guest in it: console on descriptor 3, events
// on 4. Real guests are in //vmtest/tests; here are the ends that they cannot come
// to on demand.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == fakeName {
		how, err := os.ReadFile(filepath.Join(filepath.Dir(os.Args[0]), "how"))
		if err != nil {
			os.Exit(99)
		}
		if way, ok := strings.CutPrefix(string(how), "net "); ok {
			os.Exit(netGuest(way))
		}
		os.Exit(guest(string(how)))
	}
	os.Exit(m.Run())
}

func guest(how string) int {
	console, port := os.NewFile(3, "console"), os.NewFile(4, "events")
	enc := wire.NewEncoder(port)
	say := func(ev wire.Event) { enc.Send(ev) }
	fmt.Fprintf(console, "[    0.000000] Linux version 6.1\r\n[    1.000000] Run /init as init process\r\n")
	if how == "no boot" {
		time.Sleep(time.Hour)
	}
	say(wire.Event{Type: wire.TypeStart, Release: "6.1.0-test", Machine: "x86_64"})
	say(wire.Event{Type: wire.TypeModules})
	say(wire.Event{Type: wire.TypeProgram, Program: "t", Uptime: 1})
	output := "\x16=== RUN   TestA\n    hello\n\x16--- PASS: TestA (0.50s)\n\x16PASS\n"
	exit := 0
	switch how {
	case "no line end":
		output += "tail of the output"
	case "case fails":
		output, exit = strings.ReplaceAll(output, "PASS", "FAIL"), 1
	case "one of two":
		output, exit = oneOfTwo, 1
	case "hang":
		fmt.Fprintf(console, "[    2.000000] last words\r\n")
		time.Sleep(time.Hour)
	case "splat":
		fmt.Fprintf(console, "[    2.000000] BUG: KASAN: double-free in kfree+0xd8/0x290\r\n")
	case "names a place":
		fmt.Fprintf(console, "[    2.000000] initcall tl_init+0x0/0x10 returned 0\r\n")
	case "forged":
		fmt.Fprintf(port, "hello\n")
	case "gone":
		unix.Kill(os.Getpid(), unix.SIGKILL)
	case "no done":
		return 0
	case "dies speaking":
		fmt.Fprintf(port, `{"seq":4,"type":"out`)
		return 0
	case "complains":
		fmt.Fprintln(os.Stderr, "qemu: no such machine")
		return 1
	case "leak":
		say(wire.Event{Type: wire.TypeKmemleak, Text: "unreferenced object 0xffff (size 32)\n"})
	}
	out := wire.Event{Type: wire.TypeOutput, Program: "t"}
	out.SetData([]byte(output))
	say(out)
	say(wire.Event{Type: wire.TypeExit, Program: "t", Exit: exit, Uptime: 3})
	say(wire.Event{Type: wire.TypeDmesg, Text: "[    0.000000] Linux version 6.1\n"})
	sayCoverage(how, say)
	say(wire.Event{Type: wire.TypeDone, Exit: exit, Taint: 1 << 12})
	if how == "torn" {
		fmt.Fprintf(port, `{"seq":8,"type":"out`)
	}
	fmt.Fprintf(console, "[    3.000000] reboot: Power down\r\n")
	if how == "no power-off" {
		time.Sleep(time.Hour)
	}
	return 0
}

// setup installs the fake and returns the path of a configuration for it.
func setup(t *testing.T, how string, change func(*Config)) string {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, "usr/bin")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &Config{
		Name: "//x:y", Kernel: "debian/x86_64/6.1.0-test", Release: "6.1.0-test", Arch: "x86_64", QEMURoot: root,
		Image: "image", Initrd: "initrd", Accel: "tcg", MemoryMiB: 64, CPUs: 1, TimeoutSeconds: 60,
		Programs: []wire.Program{{Name: "t", Path: "/t", Format: "go"}},
		Expect:   verdict.Expect{Taint: "O"},
	}
	if change != nil {
		change(c)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "config.json")
	for _, err := range []error{
		os.MkdirAll(bin, 0o755),
		os.Symlink(self, filepath.Join(bin, fakeName)),
		os.WriteFile(filepath.Join(bin, "how"), []byte(how), 0o644),
		os.WriteFile(file, text, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// runMain runs the program as Bazel does and returns status, output and result.
func runMain(t *testing.T, file string, args ...string) (int, string, *Result) {
	t.Helper()
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	status := Main(append([]string{"vmrun", "-config", file, "-dir", filepath.Dir(file), "-out", out, "-xml", filepath.Join(out, "test.xml")}, args...), &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Logf("stderr: %s", stderr.String())
	}
	r := &Result{}
	if data, err := os.ReadFile(filepath.Join(out, "result.json")); err == nil {
		if err := json.Unmarshal(data, r); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"console.log", "events.jsonl", "test.xml"} {
			if _, err := os.Stat(filepath.Join(out, name)); err != nil {
				t.Error(err)
			}
		}
		text, err := os.ReadFile(filepath.Join(out, "test.xml"))
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{}
		if err := xml.Unmarshal(text, &doc); err != nil {
			t.Errorf("JUnit report: %v\n%s", err, text)
		}
		stdout.WriteString("\n--- test.xml\n" + string(text))
	}
	return status, stdout.String() + stderr.String(), r
}

func TestEnds(t *testing.T) {
	short := func(c *Config) { c.TimeoutSeconds = 2 }
	for _, c := range []struct {
		how    string
		change func(*Config)
		class  verdict.Class
		want   []string // in what a person sees
	}{
		{"well", nil, verdict.Pass, []string{"PASS  //x:y on debian/x86_64/6.1.0-test (tcg): 1 results", "    hello", `name="TestA"`, `errors="0"`}},
		{"no line end", nil, verdict.Pass, []string{"tail of the output\nPASS  //x:y"}},
		{"case fails", nil, verdict.TestFail, []string{"TESTFAIL: t: TestA failed", "tail of the console", "qemu-system-x86_64 -nodefaults", `failures="1"`}},
		{"splat", nil, verdict.Splat, []string{"SPLAT: KASAN: double-free in kfree", "console line 3"}},
		{"leak", nil, verdict.Leak, []string{"LEAK: kmemleak", "0xffff (size 32)"}},
		{"hang", short, verdict.Hang, []string{"HANG: in program t", "last line: [    2.000000] last words"}},
		{"no power-off", short, verdict.Hang, []string{"did not power off", "Power down"}},
		{"no boot", short, verdict.BootFail, []string{"BOOTFAIL", "Run /init"}},
		{"no done", nil, verdict.TestFail, []string{"without the done event"}},
		{"dies speaking", nil, verdict.TestFail, []string{"without the done event", "last event: program t; event channel: ends in the middle of a line", "seq"}},
		{"torn", nil, verdict.Infra, []string{"INFRA: the event channel", "ends in the middle of a line", "seq"}},
		{"forged", nil, verdict.Infra, []string{"INFRA: the event channel", "hello"}},
		{"gone", nil, verdict.Infra, []string{"QEMU was ended by SIGKILL"}},
		{"complains", nil, verdict.Infra, []string{"exit code 1", "no such machine"}},
		{"well", func(c *Config) { c.QEMURoot = "/nonexistent" }, verdict.Infra, []string{"QEMU did not run", "/nonexistent/usr/bin/qemu-system-x86_64"}},
		{"well", func(c *Config) { c.Release = "6.2" }, verdict.Infra, []string{"another kernel", `"6.1.0-test"`}},
		{"well", func(c *Config) { c.Expect.Taint = "" }, verdict.Splat, []string{"unexpected taint O"}},
	} {
		t.Run(c.how, func(t *testing.T) {
			status, text, r := runMain(t, setup(t, c.how, c.change))
			if r.Class != c.class || (status == 0) != (c.class == verdict.Pass) || r.OK != (status == 0) {
				t.Errorf("status %d, %s, want %s", status, r.Verdict, c.class)
			}
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("%q is missing in\n%s", w, text)
				}
			}
		})
	}
}

func TestExpectedVerdict(t *testing.T) {
	expect := func(class verdict.Class, title string) func(*Config) {
		return func(c *Config) { c.ExpectClass, c.ExpectTitle = class, title }
	}
	for _, c := range []struct {
		how    string
		change func(*Config)
		status int
	}{
		{"splat", expect(verdict.Splat, "KASAN: .*"), 0},
		{"splat", expect(verdict.Splat, "KASAN"), 1}, // the pattern is for the whole title
		{"splat", expect(verdict.Hang, ""), 1},
		{"well", expect(verdict.Splat, ".*"), 1}, // the fault was not found
		{"no done", expect(verdict.TestFail, ""), 0},
	} {
		status, text, r := runMain(t, setup(t, c.how, c.change))
		if status != c.status {
			t.Errorf("%s, expected %s: status %d with %s", c.how, r.Expected, status, r.Verdict)
		}
		if status != 0 && !strings.Contains(text, "expected verdict: ") {
			t.Errorf("what was expected is not said in\n%s", text)
		}
	}
}

func TestInterrupted(t *testing.T) {
	c, err := Load(setup(t, "hang", nil), "/")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if r := Run(ctx, c, Env{Show: &bytes.Buffer{}}); r.Class != verdict.Infra || r.OK || !strings.Contains(r.Title, "interrupted") {
		t.Errorf("%s", r.Verdict)
	}
}

// Bazel kills at its limit without a word; the runner must have spoken before.
func TestSurroundingLimit(t *testing.T) {
	c, err := Load(setup(t, "hang", nil), "/")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if r := Run(context.Background(), c, Env{Limit: 4 * time.Second, Show: &bytes.Buffer{}}); r.Class != verdict.Hang || time.Since(begin) > 4*time.Second {
		t.Errorf("%s after %v", r.Verdict, time.Since(begin))
	}
}

// No orphan may stay when the runner itself is killed.
func TestNoOrphan(t *testing.T) {
	if file := os.Getenv("RUNNER_ORPHAN"); file != "" {
		os.Exit(Main([]string{"vmrun", "-config", file}, os.Stdout, os.Stderr))
	}
	file := setup(t, "hang", nil)
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestNoOrphan$")
	cmd.Env = append(os.Environ(), "RUNNER_ORPHAN="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fake := filepath.Join(filepath.Dir(file), "usr/bin", fakeName)
	find := func() bool {
		procs, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range procs {
			if data, err := os.ReadFile(p); err == nil && bytes.HasPrefix(data, []byte(fake+"\x00")) {
				return true
			}
		}
		return false
	}
	wait := func(want bool) bool {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if find() == want {
				return true
			}
		}
		return false
	}
	if !wait(true) {
		t.Error("the guest never started")
	}
	cmd.Process.Kill()
	cmd.Wait()
	if !wait(false) {
		t.Error("QEMU lives on after its runner was killed")
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"name":    {func(c *Config) { c.Name = "" }, "name: is empty"},
		"image":   {func(c *Config) { c.Image = "" }, "image: is empty"},
		"arch":    {func(c *Config) { c.Arch = "mips" }, "arch: "},
		"accel":   {func(c *Config) { c.Accel = "hvf" }, "accel: "},
		"size":    {func(c *Config) { c.MemoryMiB = 1 }, "memory_mib"},
		"nothing": {func(c *Config) { c.Programs = nil }, "programs: the list is empty"},
		"class":   {func(c *Config) { c.ExpectClass = "BAD" }, "expect_class"},
		"title":   {func(c *Config) { c.ExpectTitle = "(" }, "expect_title"},
		"ignore":  {func(c *Config) { c.Ignore = []Known{{Title: "x"}} }, "the reason why"},
		"pattern": {func(c *Config) { c.Ignore = []Known{{Title: "(", Reason: "r"}} }, "ignore[0].title"},
	} {
		if _, err := Load(setup(t, "well", c.change), "/"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestMainUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"vmrun", "--help"}, 0, "Usage: vmrun"},
		{[]string{"vmrun", "-nonsense"}, 2, "nonsense"},
		{[]string{"vmrun", "word"}, 2, `unexpected argument "word"`},
		{[]string{"vmrun", "-config", "/nonexistent/config"}, 2, "no such file"},
	} {
		var out bytes.Buffer
		if code := Main(c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, out.String())
		}
	}
	var out bytes.Buffer
	if code := Main([]string{"vmrun", "-config", setup(t, "well", nil), "-print-command"}, &out, &out); code != 0 || !strings.Contains(out.String(), "-chardev stdio,id=console") {
		t.Errorf("-print-command: %d, %s", code, out.String())
	}
}

func TestSkip(t *testing.T) {
	status, text, _ := runMain(t, setup(t, "well", func(c *Config) { *c = Config{Name: "//x:y", Kernel: "k", Skip: "linux-image: not on any mirror"} }))
	if status != 0 || !strings.Contains(text, "SKIP  //x:y on k: linux-image: not on any mirror") {
		t.Errorf("status %d, %s", status, text)
	}
}

func TestConsoleTail(t *testing.T) {
	c := &console{flood: func() {}}
	for i := range 5000 {
		fmt.Fprintf(c, "line %d \x1b[31m\r\n", i)
	}
	tail := c.Tail()
	if !strings.HasPrefix(tail, "line ") || !strings.HasSuffix(tail, "line 4999 \\x1b[31m\n") || len(tail) > 2*tailSize {
		t.Errorf("%d bytes: %.40q … %q", len(tail), tail, tail[len(tail)-40:])
	}
	if got := c.LastLine(); got != `line 4999 \x1b[31m` {
		t.Errorf("last line %q", got)
	}
}

func TestFloodIsNoticedOnce(t *testing.T) {
	n := 0
	c := &console{flood: func() { n++ }}
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for range 20 {
		c.Write(piece)
	}
	if n != 1 || len(c.tail) > 2<<20 {
		t.Errorf("%d times, %d bytes kept", n, len(c.tail))
	}
}
