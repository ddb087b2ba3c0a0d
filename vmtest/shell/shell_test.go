// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/wire"
)

func TestParse(t *testing.T) {
	var said bytes.Buffer
	o, err := parse([]string{"--kernel=k", "--exec=", "--no-module", "--memory=256", "--cpus=4", "--append=a b", "--append=c", "--gdb", "--timeout=90s", "--build-option=--x=y"}, &said)
	if err != nil {
		t.Fatal(err)
	}
	if o.kernel != "k" || !o.doExec || !o.noModule || o.memory != 256 || o.cpus != 4 || !slices.Equal(o.append, []string{"a b", "c"}) || !o.gdb || o.gdbPort != 1234 || o.timeout != 90*time.Second || !slices.Equal(o.buildOptions, []string{"--x=y"}) {
		t.Errorf("%+v", o)
	}
	if o, err = parse([]string{"--module=false"}, &said); err != nil || !o.noModule || o.doExec {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := parse([]string{"--help"}, &said); !errors.Is(err, flag.ErrHelp) || !strings.Contains(said.String(), "Ctrl-A X") {
		t.Errorf("%v, %q", err, said.String())
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"x"}, `unexpected argument "x"`},
		{[]string{"--arch=riscv64"}, "--arch=riscv64: it is x86_64 or aarch64"},
		{[]string{"--accel=hax"}, "--accel=hax"},
		{[]string{"--memory=8"}, "64 MiB"},
		{[]string{"--memory=-8"}, "64 MiB"},
		{[]string{"--cpus=0"}, "1 to 64"},
		{[]string{"--gdb-port=70000"}, "1 to 65535"},
		{[]string{"--timeout=-1s"}, "negative"},
		{[]string{"--json"}, "goes with --list"},
		{[]string{"--root=/"}, "goes with --machine"},
		{[]string{"--machine=m", "--arch=x86_64"}, "do not go with it"},
		{[]string{"--machine=m", "--userland=curl"}, "--userland does not go with it"},
		{[]string{"--append=a\nb"}, "no line end"},
		{[]string{"--timeout=soon"}, "wrong usage"},
		{[]string{"--frob"}, "wrong usage"},
	} {
		if _, err := parse(c.args, &said); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.args, err, c.want)
		}
	}
}

// put writes a file into a new folder.
func put(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

const tableText = `{"schema":1,"default":{"x86_64":"debian/x86_64/6.12.117+deb13-cloud-amd64"},"kernels":[
	{"key":"debian/x86_64/6.1.0-56-cloud-amd64","arch":"x86_64","series":"6.1","flavour":"cloud"},
	{"key":"debian/x86_64/6.12.117+deb13-cloud-amd64","arch":"x86_64","series":"6.12","flavour":"cloud"},
	{"key":"debug/aarch64/6.12.107-kasan","arch":"aarch64","series":"6.12","flavour":"kasan","debug":true}]}`

func TestTable(t *testing.T) {
	table, err := readTable(put(t, "t", tableText))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, arch, want string }{
		{"", "", "debian/x86_64/6.12.117+deb13-cloud-amd64"},
		{"", "x86_64", "debian/x86_64/6.12.117+deb13-cloud-amd64"},
		{"debug/aarch64/6.12.107-kasan", "aarch64", "debug/aarch64/6.12.107-kasan"},
	} {
		if k, err := table.choose(c.key, c.arch); err != nil || k.Key != c.want {
			t.Errorf("%+v: %+v, %v", c, k, err)
		}
	}
	for _, c := range []struct{ key, arch, want string }{
		{"", "aarch64", "no kernel for aarch64"},
		{"debug/aarch64/6.12.107-kasan", "x86_64", "a kernel for aarch64, and --arch says x86_64"},
		{"debian/x86_64/6.1.0-56-amd64", "", "did you mean debian/x86_64/6.1.0-56-cloud-amd64, "},
		{"?", "", "there is no kernel ? (--list has all 3)"},
	} {
		if _, err := table.choose(c.key, c.arch); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
	for text, want := range map[string]string{
		tableText[:100]: "truncated",
		strings.Replace(tableText, `"schema":1`, `"schema":2`, 1): "schema is 2",
		strings.Replace(tableText, `"series"`, `"x"`, 1):          "unknown field",
		strings.Replace(tableText, `117+deb13`, `118`, 1):         "is no kernel of x86_64",
		`{"schema":1,"default":{},"kernels":[]}`:                  "the list is empty",
	} {
		if _, err := readTable(put(t, "t", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestList(t *testing.T) {
	file := put(t, "t", tableText)
	run := func(args ...string) (int, string, string) {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		status := Main(append([]string{"shell", "--table=" + file}, args...), os.Stdin, out, &stderr)
		text, _ := os.ReadFile(out.Name())
		return status, string(text), stderr.String()
	}
	status, text, _ := run("--list")
	if status != 0 || strings.Count(text, "\n") != 3 || !strings.Contains(text, "(default of x86_64)\n") {
		t.Errorf("%d, %q", status, text)
	}
	status, text, _ = run("--list", "--json", "--arch=aarch64")
	var back Table
	if err := json.Unmarshal([]byte(text), &back); status != 0 || err != nil || len(back.Kernels) != 1 || !back.Kernels[0].Debug {
		t.Errorf("%d, %q, %v", status, text, err)
	}
	for _, args := range [][]string{{"--kernel=debian/x/y"}, {"--frob"}, {"x"}} {
		if status, _, stderr := run(args...); status != 2 || stderr == "" {
			t.Errorf("%q: %d, %q", args, status, stderr)
		}
	}
	// Neither the standard input nor the output of this test is a terminal.
	if status, _, stderr := run(); status != 2 || !strings.Contains(stderr, "--exec=COMMAND") {
		t.Errorf("%d, %q", status, stderr)
	}
}

func TestMachine(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"bazel-out/k8/bin/i.image", "r.cpio", "q", "v"} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good := `{"schema":1,"kernel":"k","arch":"x86_64","image":"bazel-out/k8/bin/i.image","initrd":"bazel-out/k8/bin/r.cpio","qemu_root":"bazel-out/k8-opt-exec/bin/q","vmlinux":"v"}`
	m, err := readMachine(put(t, "m", good), root)
	if err != nil {
		t.Fatal(err)
	}
	if m.Image != root+"/bazel-out/k8/bin/i.image" || m.Initrd != root+"/r.cpio" || m.QEMURoot != root+"/q" || m.Vmlinux != root+"/v" {
		t.Errorf("%+v", m)
	}
	for text, want := range map[string]string{
		good[:50]:  "truncated",
		good + "1": "something follows",
		strings.Replace(good, `"schema":1`, `"schema":2`, 1):               "schema is 2",
		strings.Replace(good, "i.image", "gone", 1):                        "image: bazel-out/k8/bin/gone is not below",
		strings.Replace(good, "x86_64", "vax", 1):                          "arch: ",
		strings.Replace(good, `"initrd"`, `"initramfs"`, 1):                "unknown field",
		`{"schema":1,"kernel":"k","arch":"x86_64","missing":"no package"}`: "no machine with k: no package",
		`{"schema":1,"kernel":"k","arch":"x86_64"}`:                        "is empty",
	} {
		if _, err := readMachine(put(t, "m", text), root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	m := &Machine{Arch: qemu.AArch64, Image: "/i", Initrd: "/r", QEMURoot: "/q", Debug: true}
	o := &options{cpus: 2, gdb: true, gdbPort: 77, append: []string{"a", "b"}, noModule: true}
	q, err := m.qemu(o, screen{rows: 50, cols: 132, term: "xterm-256color"})
	if err != nil {
		t.Fatal(err)
	}
	line := q.TerminalCommand()
	for _, want := range []string{
		"-m 1024 -smp 2", "quiet vmtest.module=no vmtest.rows=50 vmtest.cols=132 vmtest.term=xterm-256color nokaslr a b'",
		"-S -gdb tcp:127.0.0.1:77", "-chardev stdio,id=console,mux=on,signal=off", "-mon chardev=console,mode=readline",
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is missing in %s", want, line)
		}
	}
	// What comes from the environment must not become a parameter of its own.
	if q, err = m.qemu(o, screen{term: "x panic=0"}); err != nil || strings.Contains(q.Append, "panic") {
		t.Errorf("%q, %v", q.Append, err)
	}
	o = &options{cpus: 1, doExec: true, exec: "echo 'ä b'", bootLog: true}
	if q, err = m.qemu(o, screen{rows: 1, cols: 1}); err != nil || q.Append != "quiet vmtest.exec="+base64.RawURLEncoding.EncodeToString([]byte(o.exec)) {
		t.Errorf("%q, %v", q.Append, err)
	}
	o.exec = strings.Repeat("x", 1600)
	if _, err := m.qemu(o, screen{}); err == nil || !strings.Contains(err.Error(), "2047 fit") {
		t.Errorf("a long command: %v", err)
	}
	if got := m.gdbHint(77); got != "gdb -ex 'set architecture aarch64' -ex 'target remote 127.0.0.1:77'" {
		t.Error(got)
	}
	m.Vmlinux = "/v v"
	if got := m.gdbHint(77); got != "gdb '/v v' -ex 'target remote 127.0.0.1:77'" {
		t.Error(got)
	}
}

func TestBuilt(t *testing.T) {
	event := func(name, prefix, uri string) string {
		return `{"id":{},"started":{}}` + "\n" + `{"namedSetOfFiles":{"files":[{"name":"x"},{"name":"` + name + `","uri":"` + uri + `","pathPrefix":` + prefix + `}]}}` + "\n"
	}
	const prefix = `["bazel-out","k8","bin"]`
	file, root, err := built(strings.NewReader(event("p/k+1.machine.json", prefix, "file:///x/root%20a/bazel-out/k8/bin/p/k+1.machine.json")))
	if err != nil || file != "/x/root a/bazel-out/k8/bin/p/k+1.machine.json" || root != "/x/root a" {
		t.Errorf("%q, %q, %v", file, root, err)
	}
	for text, want := range map[string]string{
		event("p/other", prefix, "file:///x"):                  "no file *.machine.json",
		event("p/k.machine.json", prefix, "bytestream://h/1"):  "--remote_download_outputs=toplevel",
		event("p/k.machine.json", prefix, "file:///elsewhere"): "does not end with",
		`{"namedSetOf`: "build events: ",
		"":             "no file",
	} {
		if _, _, err := built(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

// The test binary plays the workspace's Bazel, which leaves build events and says
// how it was called.
func TestMain(m *testing.M) {
	if os.Getenv("PLAY_BAZEL") == "" {
		os.Exit(m.Run())
	}
	for _, a := range os.Args[1:] {
		if file, ok := strings.CutPrefix(a, "--build_event_json_file="); ok {
			if err := os.WriteFile(file, []byte(os.Getenv("PLAY_EVENTS")), 0o644); err != nil {
				panic(err)
			}
			continue
		}
		os.Stdout.WriteString(a + "\n")
	}
	if os.Getenv("PLAY_BAZEL") == "fail" {
		os.Exit(1)
	}
	os.Exit(0)
}

// Bazel is called as a person would, and its failure is told.
func TestBuild(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	top := t.TempDir()
	if err := errors.Join(os.Mkdir(top+"/tools", 0o755), os.Symlink(self, top+"/tools/bazel")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLAY_EVENTS", `{"namedSetOfFiles":{"files":[{"name":"k.machine.json","uri":"file:///r/b/k.machine.json","pathPrefix":["b"]}]}}`)
	t.Setenv("PLAY_BAZEL", "succeed")
	var said bytes.Buffer
	o := &options{startupOptions: []string{"--s=1"}, buildOptions: []string{"--b=2"}}
	file, root, err := build(context.Background(), top, "debian/x/y", o, &said)
	if err != nil || file != "/r/b/k.machine.json" || root != "/r" {
		t.Errorf("%q, %q, %v", file, root, err)
	}
	if got := said.String(); got != "--s=1\nbuild\n--b=2\n//vmtest/machines:debian/x/y\n" {
		t.Errorf("%q", got)
	}
	t.Setenv("PLAY_BAZEL", "fail")
	if _, _, err := build(context.Background(), top, "k", o, &said); err == nil || !strings.Contains(err.Error(), "//vmtest/machines:k failed: exit status 1") {
		t.Error(err)
	}
	if _, _, err := build(context.Background(), t.TempDir(), "k", o, &said); err == nil {
		t.Error("a tree without tools/bazel")
	}
}

func TestEnd(t *testing.T) {
	send := func(events ...wire.Event) *guest {
		g := &guest{show: &bytes.Buffer{}}
		enc := wire.NewEncoder(g)
		for _, ev := range events {
			if err := enc.Send(ev); err != nil {
				t.Fatal(err)
			}
		}
		return g
	}
	exit := wire.Event{Type: wire.TypeExit, Program: "shell", Exit: 5}
	if status, err := send(exit, wire.Event{Type: wire.TypeDone, Exit: 5}).end(qemu.End{}, nil, nil); status != 5 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
	torn := send()
	torn.Write([]byte("x\n"))
	for _, c := range []struct {
		g    *guest
		end  qemu.End
		err  error
		ctx  error
		want string
	}{
		{send(), qemu.End{}, errors.New("start QEMU"), nil, "start QEMU"},
		{send(wire.Event{Type: wire.TypeDone, Error: "no module"}), qemu.End{}, nil, nil, "in the guest: no module"},
		{send(wire.Event{Type: wire.TypeExit, Error: "no sh"}, wire.Event{Type: wire.TypeDone}), qemu.End{}, nil, nil, "in the guest: no sh"},
		{send(exit), qemu.End{Killed: true}, nil, context.DeadlineExceeded, "time limit"},
		{send(exit), qemu.End{Killed: true}, nil, context.Canceled, "signal"},
		{send(exit), qemu.End{Code: 1, Stderr: "no disk\n"}, nil, nil, "QEMU ended with 1 : no disk"},
		{send(exit), qemu.End{}, nil, nil, "before its shell"},
		{torn, qemu.End{}, nil, nil, "event channel"},
	} {
		if status, err := c.g.end(c.end, c.err, c.ctx); status != 1 || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d, %v; want %q", status, err, c.want)
		}
	}
}
