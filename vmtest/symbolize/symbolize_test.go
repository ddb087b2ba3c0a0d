// SPDX-License-Identifier: Apache-2.0

package symbolize

import (
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/vmtest/symbolize/testelf"
)

const buildDir = "/build/linux"

// kernel has a function with another inlined, one with a cold part, and two pairs
// of one name: one pair of one size, one of different sizes.
func kernel(machine elf.Machine) testelf.File {
	return testelf.File{Machine: machine, Units: []testelf.Unit{
		{Dir: buildDir, Source: "net/ipv4/tcp.c", Functions: []testelf.Function{
			{Name: "tcp_connect", At: 0x100, Size: 0x40, Line: 10, Inlined: &testelf.Inlined{Name: "dst_get", Source: "./include/net/sock.h", At: 0x10, Size: 0x10, Line: 500, CallLine: 99}},
			{Name: "tcp_connect.cold", Section: ".text.unlikely", Size: 0x10, Line: 70},
			{Name: "twin", At: 0x140, Size: 0x10, Line: 200},
			{Name: "cousin.isra.0", At: 0x150, Size: 0x10, Line: 300},
		}},
		{Dir: buildDir, Source: "net/ipv6/tcp.c", Functions: []testelf.Function{
			{Name: "twin", At: 0x200, Size: 0x10, Line: 400},
			// The next symbol is 0x20 further: what lies between belongs to it for the kernel.
			{Name: "cousin.isra.0", At: 0x210, Size: 0x18, Line: 500},
			{Name: "last", At: 0x230, Size: 0x8, Line: 600},
		}},
	}}
}

// module has three sections of code, all at address 0 of the file.
func module(machine elf.Machine) testelf.File {
	f := testelf.File{Machine: machine, Module: true}
	for i, section := range []string{".text", ".text.unlikely", ".init.text"} {
		f.Units = append(f.Units, testelf.Unit{Dir: "kernel/usr/src/linux", Source: fmt.Sprintf("../../../../module/part%d.c", i), Functions: []testelf.Function{
			{Name: fmt.Sprintf("mod_part%d", i), Section: section, Size: 0x20, Line: 100 * (i + 1), Inlined: &testelf.Inlined{Name: "helper", Source: "include/linux/list.h", At: 8, Size: 8, Line: 7, CallLine: 42}},
		}})
	}
	return f
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// open opens a kernel and a module of it.
func open(t testing.TB, k, m testelf.File) *Symbolizer {
	t.Helper()
	s, err := Open(write(t, "vmlinux", k.Bytes()), map[string]string{"tide-lock": write(t, "tide-lock.ko", m.Bytes())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// lines are what is printed, and what is added to it.
var lines = []struct{ printed, added string }{
	{"[    1.1] Call Trace:", ""},
	// A return address belongs to the line of the call before it.
	{"[    1.1]  tcp_connect+0x4/0x40", " (net/ipv4/tcp.c:10)"},
	{"[    1.1]  ? tcp_connect+0x8/0x40\r", " (net/ipv4/tcp.c:11)"},
	{"[    1.1] RIP: 0010:tcp_connect+0x4/0x40", " (net/ipv4/tcp.c:11)"},
	{"[    1.1] pc : tcp_connect+0x8/0x40", " (net/ipv4/tcp.c:12)"},
	{"[    1.1] lr : tcp_connect+0x8/0x40", " (net/ipv4/tcp.c:11)"},
	{"[    1.1]  tcp_connect+0x40/0x40", " (net/ipv4/tcp.c:25)"},
	{"[    1.1]  tcp_connect+0x11/0x40", " (include/net/sock.h:500 in dst_get, inlined by net/ipv4/tcp.c:99)"},
	{"[    1.1]  tcp_connect+0x21/0x40", " (net/ipv4/tcp.c:18)"},
	{"[    1.1]  tcp_connect.cold+0x5/0x10", " (net/ipv4/tcp.c:71)"},
	{"[    1.1] hint: tcp_connect+0x0/0x40", " (net/ipv4/tcp.c:10)"},
	// Of one name: by size, or all.
	{"[    1.1]  cousin.isra.0+0x5/0xb0", " (net/ipv4/tcp.c:301)"},
	{"[    1.1]  cousin.isra.0+0x5/0x20", " (net/ipv6/tcp.c:501)"},
	{"[    1.1]  cousin.isra.0+0x5/0x30", ""},
	{"[    1.1]  twin+0x5/0x10", " (ambiguous: net/ipv4/tcp.c:201 or net/ipv6/tcp.c:401)"},
	{"BUG: KCSAN: data-race in twin+0x1/0x10 / last+0x1/0x8", " (ambiguous: net/ipv4/tcp.c:200 or net/ipv6/tcp.c:400) (net/ipv6/tcp.c:600)"},
	// The module.
	{"[    1.1]  mod_part0+0x5/0x20 [tide_lock]", " (module/part0.c:101)"},
	{"[    1.1]  mod_part0+0x9/0x20 [tide_lock]", " (include/linux/list.h:7 in helper, inlined by module/part0.c:42)"},
	{"[    1.1]  mod_part1+0x5/0x20 [tide_lock]", " (module/part1.c:201)"},
	{"[    1.1]  mod_part2+0x5/0x1000 [tide_lock]", " (module/part2.c:301)"},
	// Not to be found.
	{"[    1.1]  tcp_connect+0x4/0x44", ""},
	{"[    1.1]  tcp_connect+0x4/0x40 [tide_lock]", ""},
	{"[    1.1]  tcp_connect+0x4/0x40 [other]", ""},
	{"[    1.1]  unknown+0x4/0x40", ""},
	{"\xff\x00 binary " + strings.Repeat("x", 3<<20) + " tcp_connect+0x4/0x40", ""},
}

func TestText(t *testing.T) {
	for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64} {
		for _, noAranges := range []bool{false, true} {
			k, m := kernel(machine), module(machine)
			k.NoAranges, m.NoAranges = noAranges, noAranges
			s := open(t, k, m)
			for _, l := range lines {
				if noAranges && strings.Contains(l.printed, ".cold") {
					continue // the unit of the test has only one range
				}
				printed, cr := strings.CutSuffix(l.printed, "\r")
				want := printed + l.added
				if cr {
					want += "\r"
				}
				if got := string(s.Text([]byte(l.printed + "\n"))); got != want+"\n" {
					t.Errorf("%v, no aranges %v: %.200q, want %.200q", machine, noAranges, got, want)
				}
			}
		}
	}
}

// Lines that name nothing keep every byte, and no line comes or goes.
func TestTextKeepsLines(t *testing.T) {
	s := open(t, kernel(elf.EM_X86_64), module(elf.EM_X86_64))
	text := "\r\n\n\x00a\rb\n tcp_connect+0x4/0x40 \t\r\r\n\xff\xfe no end tcp_connect+0x4/0x40"
	want := "\r\n\n\x00a\rb\n tcp_connect+0x4/0x40 \t (net/ipv4/tcp.c:10)\r\r\n\xff\xfe no end tcp_connect+0x4/0x40 (net/ipv4/tcp.c:10)"
	if got := string(s.Text([]byte(text))); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNotes(t *testing.T) {
	bare := kernel(elf.EM_X86_64)
	bare.NoDebug = true
	s := open(t, bare, module(elf.EM_X86_64))
	if text := " tcp_connect+0x4/0x40"; string(s.Text([]byte(text))) != text {
		t.Errorf("%q is changed", text)
	}
	s.Text([]byte(" mod_part0+0x5/0x10 [tide_lock]"))
	notes := strings.Join(s.Notes(), "\n")
	for _, want := range []string{"vmlinux: it has no DWARF", "2 of 2 places are not in the debug info"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is missing in %q", want, notes)
		}
	}
}

// A guest that prints places without end must not keep the runner busy without end.
func TestEffortIsBounded(t *testing.T) {
	s := open(t, kernel(elf.EM_X86_64), module(elf.EM_X86_64))
	var b strings.Builder
	for i := range 10 * maxPlaces {
		fmt.Fprintf(&b, "tcp_connect+%#x/0xffffff\n", i)
	}
	s.Text([]byte(b.String()))
	if len(s.known) > maxPlaces || !strings.Contains(strings.Join(s.Notes(), "\n"), fmt.Sprintf("%d places were not looked up", 9*maxPlaces)) {
		t.Errorf("%d places, %q", len(s.known), s.Notes())
	}
	// Nor may lines that are nearly places: eight megabytes of them take a second, and
	// took minutes when a pattern looked for them.
	begin := time.Now()
	near := strings.Repeat(strings.Repeat("x", maxLine-8)+"+0x\n", 1000)
	if got := string(s.Text([]byte(near))); got != near || time.Since(begin) > 30*time.Second {
		t.Errorf("%d bytes become %d, in %v", len(near), len(got), time.Since(begin))
	}
	s = open(t, kernel(elf.EM_X86_64), module(elf.EM_X86_64))
	s.Deadline = time.Now().Add(-time.Second)
	text := " tcp_connect+0x4/0x40"
	if string(s.Text([]byte(text))) != text || len(s.Notes()) != 1 || !strings.Contains(s.Notes()[0], "cut off, the time was up: the last 21 bytes") {
		t.Errorf("after the deadline: %q", s.Notes())
	}
	s = open(t, kernel(elf.EM_X86_64), module(elf.EM_X86_64))
	s.Deadline = time.Now().Add(50 * time.Millisecond)
	// Lines that name no place cost time too.
	empty := strings.Repeat("\n", 16<<20)
	if got := string(s.Text([]byte(text + "\n" + empty))); len(got) < len(text)+1+len(empty) || len(s.Notes()) != 1 || !strings.Contains(s.Notes()[0], "cut off") {
		t.Errorf("a deadline in the middle: %d bytes of %d, %q", len(got), len(text)+1+len(empty), s.Notes())
	}
}

func TestOpenRefuses(t *testing.T) {
	good := kernel(elf.EM_X86_64).Bytes()
	for _, c := range []struct {
		data []byte
		want string
	}{
		{nil, "cut off"},
		{[]byte("no ELF file at all"), "magic"},
		{good[:40], "cut off"},
		{testelf.File{Machine: elf.EM_MIPS}.Bytes(), "only x86_64 and aarch64"},
		{testelf.File{Machine: elf.EM_X86_64}.Bytes(), ""},
	} {
		s, err := Open(write(t, "vmlinux", c.data), nil)
		if err == nil {
			s.Close()
		}
		if (c.want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "vmlinux: ")) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := Open("/nonexistent/vmlinux", nil); !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := Open("", map[string]string{"m": "/nonexistent/m.ko"}); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// debug/dwarf may panic over a file that no mutation above comes to.
func TestGuard(t *testing.T) {
	if err := guard(func() error { panic("index out of range") }); err == nil || err.Error() != "the file is broken: index out of range" {
		t.Error(err)
	}
}

// Whatever is broken in a file, the text stays what it was but for positions.
func TestBrokenFiles(t *testing.T) {
	var text strings.Builder
	for _, l := range lines[:len(lines)-1] {
		text.WriteString(l.printed + "\n")
	}
	notes := map[string]bool{}
	try := func(data []byte, name, vmlinux string, modules map[string]string) {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Open(vmlinux, modules)
		if err != nil {
			notes["refused"] = true
			return
		}
		defer s.Close()
		got := strings.Split(string(s.Text([]byte(text.String()))), "\n")
		for i, l := range strings.Split(text.String(), "\n") {
			if !strings.HasPrefix(got[i], strings.TrimSuffix(l, "\r")) {
				t.Fatalf("line %q becomes %q", l, got[i])
			}
		}
		for _, n := range s.Notes() {
			switch {
			case strings.Contains(n, "cut off"):
				notes["cut off"] = true
			case strings.Contains(n, "broken"):
				notes["broken"] = true
			}
		}
	}
	file := filepath.Join(t.TempDir(), "elf")
	random := rand.New(rand.NewPCG(1, 2))
	for _, f := range []testelf.File{kernel(elf.EM_X86_64), module(elf.EM_AARCH64)} {
		vmlinux, modules := file, map[string]string(nil)
		if f.Module {
			vmlinux, modules = "", map[string]string{"tide_lock": file}
		}
		good := f.Bytes()
		for n := 0; n < len(good); n += 31 {
			try(good[:n], file, vmlinux, modules)
		}
		for range 400 {
			bad := append([]byte(nil), good...)
			for range 1 + random.IntN(4) {
				bad[random.IntN(len(bad))] = byte(random.IntN(256))
			}
			try(bad, file, vmlinux, modules)
		}
	}
	if !notes["refused"] || !notes["broken"] {
		t.Errorf("only these ends were seen: %v", notes)
	}
}

func TestMainProgram(t *testing.T) {
	vmlinux, ko := write(t, "vmlinux", kernel(elf.EM_X86_64).Bytes()), write(t, "m.ko", module(elf.EM_X86_64).Bytes())
	log := write(t, "console.log", []byte(" twin+0x5/0x10\n mod_part0+0x5/0x20 [m]\n"))
	const found = " (module/part0.c:101)\n"
	for _, c := range []struct {
		args  string
		stdin string
		code  int
		want  string
	}{
		{"--help", "", 0, "Usage: symbolize"},
		{"", "", 2, "give --vmlinux"},
		{"--nonsense", "", 2, "nonsense"},
		{"--module x --vmlinux " + vmlinux, "", 2, "NAME=FILE"},
		{"--module m=a --module m=b", "", 2, "given before"},
		{"--vmlinux " + vmlinux + " a b", "", 2, `unexpected argument "b"`},
		{"--vmlinux /nonexistent/vmlinux", "", 1, "no such file"},
		{"--vmlinux " + log, "", 1, "magic"},
		{"--vmlinux " + vmlinux + " /nonexistent/log", "", 1, "no such file"},
		{"--vmlinux " + vmlinux + " --module m=" + ko + " " + log, "", 0, found},
		{"--vmlinux " + vmlinux + " --module m=" + ko, " mod_part0+0x5/0x20 [m]\n", 0, found},
		{"--vmlinux " + vmlinux, " other+0x5/0x20\n", 0, "1 of 1 places are not in the debug info"},
	} {
		var out strings.Builder
		code := Main(append([]string{"symbolize"}, strings.Fields(c.args)...), strings.NewReader(c.stdin), &out, &out)
		if code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %d, %s", c.args, code, out.String())
		}
	}
}
