// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidelock/tidelock/vmtest/ethernet"
	"github.com/tidelock/tidelock/vmtest/results"
	"github.com/tidelock/tidelock/vmtest/verdict"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// netSetup writes the configuration of two roles, one and two, whose guests do what
// is said; one is in the background where it serves.
func netSetup(t *testing.T, one, two string, change func(*NetConfig)) string {
	t.Helper()
	c := &NetConfig{Name: "//x:net"}
	for i, how := range []string{one, two} {
		file := setup(t, "net "+how, func(c *Config) {
			c.Programs = []wire.Program{{Name: "t", Path: "/t", Format: "exit"}}
			c.Expect = verdict.Expect{}
		})
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := Role{Role: []string{"one", "two"}[i], MAC: fmt.Sprintf("52:54:00:00:00:%02x", i+1), Background: how == "serve"}
		if err := json.Unmarshal(data, &r.Guest); err != nil {
			t.Fatal(err)
		}
		c.Roles = append(c.Roles, r)
	}
	if change != nil {
		change(c)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "net.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// runNet runs the program as Bazel does.
func runNet(t *testing.T, file string) (int, string, string) {
	t.Helper()
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	status := NetMain([]string{"vmnetrun", "-config", file, "-out", out, "-xml", filepath.Join(out, "test.xml")}, &stdout, &stderr)
	return status, stdout.String() + stderr.String(), out
}

func TestNetEnds(t *testing.T) {
	defer func(g time.Duration) { failGrace = g }(failGrace)
	failGrace = time.Second
	defer func(d time.Duration) { drainTime = d }(drainTime)
	drainTime = time.Second
	limit := func(seconds int) func(*NetConfig) {
		return func(c *NetConfig) {
			for i := range c.Roles {
				c.Roles[i].Guest.TimeoutSeconds = seconds
			}
		}
	}
	for _, c := range []struct {
		one, two string
		change   func(*NetConfig)
		want     string // class and title
		see      []string
	}{
		{"meet", "meet", nil, "PASS", []string{"PASS  //x:net on one=debian/x86_64/6.1.0-test two=debian/x86_64/6.1.0-test: 2 results"}},
		{"serve", "meet", nil, "PASS", nil},
		{"panic", "meet", nil, "SPLAT: one: panic: sysrq triggered crash", []string{"[two] refused: role one has ended before its program", "role two on debian/x86_64/6.1.0-test: TESTFAIL: t: ended with exit status 1"}},
		{"meet", "panic", nil, "SPLAT: two: panic: sysrq triggered crash", []string{"[one] refused: role two", "path=/tmp/vmtest-events.one.jsonl", "path=/tmp/vmtest-events.two.jsonl"}},
		{"fail", "meet", nil, "TESTFAIL: one: t: ended with exit status 7", []string{"[two] refused: role one has ended with exit status 7"}},
		{"meet", "fail", nil, "TESTFAIL: two: t: ended with exit status 7", nil},
		{"meet", "leave", nil, "TESTFAIL: two: has ended without coming to the barrier meet", nil},
		{"stay", "fail", nil, "TESTFAIL: two: t: ended with exit status 7", []string{"role one on debian/x86_64/6.1.0-test: TESTFAIL: " + endedEarly}},
		// A guest that was still booting when it was ended is not worse than the cause.
		{"fail", "no boot", nil, "TESTFAIL: one: t: ended with exit status 7", []string{"role two on debian/x86_64/6.1.0-test: BOOTFAIL: " + endedEarly}},
		{"meet", "hang", limit(3), "HANG: two: in program t", []string{"waiting at barrier meet"}},
		{"meet", "no boot", limit(6), "BOOTFAIL: two: no sign of life from init within three quarters of the time limit", []string{"[one] refused: role two gives no sign of life"}},
		{"meet", "stream", nil, "INFRA: two: the network's stream cannot be trusted", []string{"4294967295 bytes"}},
		{"meet", "torn", nil, "INFRA: two: the event channel cannot be trusted", []string{"ends in the middle of a line"}},
		{"meet", "talk", func(c *NetConfig) { c.WireHas = []string{"secret"} }, "PASS", nil},
		{"meet", "meet", func(c *NetConfig) { c.WireHas = []string{"secret"} }, `TESTFAIL: the wire has not "secret"`, nil},
		{"meet", "talk", func(c *NetConfig) { c.WireHasNot = []string{"secret"} }, `TESTFAIL: the wire has "secret"`, nil},
		{"meet", "talk", func(c *NetConfig) { c.WireHasNot = []string{"other"} }, "TESTFAIL: nothing crossed the wire", nil},
		// What QEMU left in its cable is read although QEMU is gone.
		{"meet", "linger", func(c *NetConfig) { c.WireHasNot = []string{"secret"} }, `TESTFAIL: the wire has "secret"`, nil},
		{"meet", "stays", nil, "INFRA: the record of the wire is not complete", []string{"1s after the last QEMU had ended", "read to its end: two."}},
		{"meet", "fragment", func(c *NetConfig) { c.WireHasNot = []string{"secret"} }, "INFRA: the wire carried what is not searched", []string{"Of 2 frames were not put together", "2 fragments of IP packets"}},
		{"meet", "fragment", func(c *NetConfig) { c.WireHas = []string{"secret"} }, "INFRA: the wire carried what is not searched", nil},
		{"meet", "fragment", nil, "PASS", nil}, // nobody asked
		{"meet", "no frame", func(c *NetConfig) { c.WireHasNot = []string{"secret"} }, "INFRA: the record of the wire is not complete", []string{"Of what guests sent, 1 was no whole frame"}},
		{"meet", "meet", func(c *NetConfig) { c.Roles[1].Guest.QEMURoot = "/nonexistent" }, "INFRA: two: QEMU did not run", nil},
	} {
		t.Run(c.one+", "+c.two, func(t *testing.T) {
			status, text, out := runNet(t, netSetup(t, c.one, c.two, c.change))
			var r struct {
				Class, Title string
				Roles        []struct{ Role, Kernel, Class, Title string }
			}
			data, err := os.ReadFile(filepath.Join(out, "result.json"))
			if err == nil {
				err = json.Unmarshal(data, &r)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if got := strings.TrimSuffix(r.Class+": "+r.Title, ": "); got != c.want || (status == 0) != (r.Class == "PASS") {
				t.Errorf("status %d, %s\nwant %s\n%s", status, got, c.want, text)
			}
			if len(r.Roles) != 2 || r.Roles[0].Role != "one" || r.Roles[1].Kernel != "debian/x86_64/6.1.0-test" || r.Roles[1].Class == "" {
				t.Errorf("roles %+v", r.Roles)
			}
			for _, w := range c.see {
				if !strings.Contains(text, w) {
					t.Errorf("%q is missing in\n%s", w, text)
				}
			}
			for _, name := range []string{"one.events.jsonl", "two.console.log", "one.program-t.log"} {
				if _, err := os.Stat(filepath.Join(out, name)); err != nil && !strings.HasPrefix(c.want, "INFRA") {
					t.Error(err)
				}
			}
			f, err := os.Open(filepath.Join(out, "wire.pcapng"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if i, _, err := ethernet.ReadCapture(f); err != nil || len(i) != 2 || i[1].Name != "two" {
				t.Errorf("wire.pcapng: %v, %v", i, err)
			}
			xmlText, err := os.ReadFile(filepath.Join(out, "test.xml"))
			var doc struct{}
			if err == nil {
				err = xml.Unmarshal(xmlText, &doc)
			}
			if err != nil || strings.Contains(string(xmlText), "<error") == (status == 0) {
				t.Errorf("JUnit report: %v\n%s", err, xmlText)
			}
		})
	}
}

func TestNetExpectedVerdict(t *testing.T) {
	for _, c := range []struct {
		class  verdict.Class
		title  string
		status int
	}{
		{verdict.Splat, "one: panic: .*", 0},
		{verdict.Splat, "panic: .*", 1}, // the role is part of the title
		{verdict.TestFail, "", 1},
	} {
		status, text, _ := runNet(t, netSetup(t, "panic", "meet", func(n *NetConfig) { n.ExpectClass, n.ExpectTitle = c.class, c.title }))
		if status != c.status {
			t.Errorf("%v: status %d\n%s", c, status, text)
		}
	}
}

func TestNetInterrupted(t *testing.T) {
	c, err := LoadNet(netSetup(t, "hang", "meet", nil), "/")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if r := RunNet(ctx, c, Env{Show: &bytes.Buffer{}}); r.Class != verdict.Infra || !strings.Contains(r.Title, "interrupted") {
		t.Errorf("%s", r.Verdict)
	}
}

func TestLoadNetRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*NetConfig)
		want   string
	}{
		"name":       {func(c *NetConfig) { c.Name = "" }, "name: is empty"},
		"one role":   {func(c *NetConfig) { c.Roles = c.Roles[:1] }, "at least two"},
		"twice":      {func(c *NetConfig) { c.Roles[1].Role = "one" }, `roles[1].role: "one"`},
		"bad role":   {func(c *NetConfig) { c.Roles[1].Role = "../x" }, "roles[1].role"},
		"mac twice":  {func(c *NetConfig) { c.Roles[1].MAC = c.Roles[0].MAC }, "roles[1].mac"},
		"group":      {func(c *NetConfig) { c.Roles[1].MAC = "53:54:00:00:00:01" }, "roles[1].mac"},
		"option":     {func(c *NetConfig) { c.Roles[1].MAC = "52:54:00:00:00:01,x=y" }, "roles[1].mac"},
		"background": {func(c *NetConfig) { c.Roles[0].Background, c.Roles[1].Background = true, true }, "all are in the background"},
		"guest":      {func(c *NetConfig) { c.Roles[1].Guest.Arch = "mips" }, "roles[1].guest.arch"},
		"expect":     {func(c *NetConfig) { c.Roles[1].Guest.ExpectClass = "HANG" }, "only the whole test"},
		"known": {func(c *NetConfig) {
			c.Roles[1].Guest.KnownFailures = []results.KnownFailure{{Case: "x", Reason: "y"}}
		}, "roles[1].guest.known_failures: the other roles hear of"},
		"two programs": {func(c *NetConfig) {
			r := &c.Roles[0]
			r.Background, r.Guest.Programs = true, append(r.Guest.Programs, wire.Program{Name: "u", Path: "/u", Format: "exit"})
		}, "roles[0].guest.programs: a role in the background has one program, not 2"},
		"class": {func(c *NetConfig) { c.ExpectClass = "BAD" }, "expect_class"},
		"wire":  {func(c *NetConfig) { c.WireHasNot = []string{""} }, "an empty text"},
	} {
		if _, err := LoadNet(netSetup(t, "meet", "meet", c.change), "/"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestNetMainUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"vmnetrun", "--help"}, 0, "Usage: vmnetrun"},
		{[]string{"vmnetrun", "-nonsense"}, 2, "nonsense"},
		{[]string{"vmnetrun", "word"}, 2, `unexpected argument "word"`},
		{[]string{"vmnetrun", "-config", "/nonexistent/config"}, 2, "no such file"},
		{[]string{"vmnetrun", "-config", netSetup(t, "meet", "meet", nil), "-print-command"}, 0, "mac=52:54:00:00:00:02"},
	} {
		var out bytes.Buffer
		if code := NetMain(c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, out.String())
		}
	}
	var commands bytes.Buffer
	NetMain([]string{"vmnetrun", "-config", netSetup(t, "meet", "meet", nil), "-print-command"}, &commands, &commands)
	for _, want := range []string{"path=/tmp/vmtest-events.one.jsonl", "path=/tmp/vmtest-events.two.jsonl"} {
		if strings.Count(commands.String(), want) != 1 {
			t.Errorf("%s does not stand once in\n%s", want, commands.String())
		}
	}
	status, text, _ := runNetSkip(t)
	if status != 0 || !strings.Contains(text, "SKIP  //x:net on") || !strings.Contains(text, "two: not on any mirror") {
		t.Errorf("status %d, %s", status, text)
	}
}

// What can be written is written, although something else cannot be.
func TestNetSavesWhatItCan(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "one.dmesg.log"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := &NetResult{Name: "//x:net", Roles: []*RoleResult{
		{Role: "one", Result: &Result{dmesg: "log", Programs: []Program{{Name: "t", output: "hello"}}}},
	}}
	err := r.Save(dir, filepath.Join(dir, "no folder", "test.xml"))
	if err == nil || !strings.Contains(err.Error(), "no folder") || !strings.Contains(err.Error(), "one.dmesg.log") {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"result.json", "one.program-t.log"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(data) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func runNetSkip(t *testing.T) (int, string, string) {
	return runNet(t, netSetup(t, "meet", "meet", func(c *NetConfig) {
		c.Roles[1].Guest = Config{Name: "//x:two", Kernel: "k", Skip: "not on any mirror"}
	}))
}

func FuzzLoadNet(f *testing.F) {
	f.Add([]byte(`{"name":"//x:y","roles":[{"role":"a","mac":"52:54:00:00:00:01","guest":{"skip":"why"}},{"role":"b","mac":"52:54:00:00:00:02","guest":{"skip":"why"}}]}`))
	f.Add([]byte(`{"name":"//x:y","roles":[{},{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "c")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadNet(file, "/d")
		if err != nil {
			return
		}
		for _, r := range c.Roles {
			if strings.ContainsAny(r.Role, "/ \n") || strings.ContainsAny(r.MAC, ", ") {
				t.Errorf("%q, %q were accepted", r.Role, r.MAC)
			}
		}
	})
}
