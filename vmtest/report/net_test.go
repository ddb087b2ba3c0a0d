// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidelock/tidelock/vmtest/runner"
	"github.com/tidelock/tidelock/vmtest/verdict"
)

const (
	netLabel = "//vmtest/tests/net:echo/new-old"
	arm      = "debian/aarch64/6.12.117+deb13-cloud-arm64"
	kernels  = "client=" + arm + " server=" + stock
)

// netResult is the result of a test of two guests, of which the server was lost.
const netResult = `{"schema":1,"name":"` + netLabel + `","kernel":"` + kernels + `",
"class":"SPLAT","title":"server: oops","detail":"console line 3: oops","role":"server","ok":false,"roles":[
{"role":"client","follows":true,"network":{"frames_in":1},"schema":1,"name":"` + netLabel + `.client","kernel":"` + arm + `","arch":"aarch64","release":"6.12.117","accel":"tcg",
 "class":"TESTFAIL","title":"ended by the runner","ok":false,"notes":["odd"],"programs":[{"name":"t","exit":1,"seconds":1}],"times":{"boot":2,"programs":1,"total":5,"overhead":4}},
{"role":"server","background":true,"network":{"frames_in":1},"schema":1,"name":"` + netLabel + `.server","kernel":"` + stock + `","arch":"x86_64","accel":"kvm",
 "class":"SPLAT","title":"oops","ok":false,"reports":[{"title":"oops","line":3,"count":1}],"ignored":["known"],"programs":[{"name":"t","exit":0,"seconds":1}],"times":{"boot":3,"programs":1,"total":6,"overhead":5}}
],"wire":{"frames":7,"payload_bytes":1},"seconds":6.5}`

// net writes the logs of that test, with another result if there is one.
func (l *logs) net(result string) {
	l.Helper()
	l.netLog(netLabel, kernels, noon)
	for _, role := range []string{"client", "server"} {
		l.file(labelPath(netLabel), "test.outputs/"+role+".console.log", "the end of the "+role+"\n", noon)
	}
	l.file(labelPath(netLabel), "test.outputs/result.json", result, noon)
}

func TestNetResult(t *testing.T) {
	l := newLogs(t)
	l.net(netResult)
	m := collect(t, l.dir)
	c := only(t, m)
	if c.Status != Bad || c.Class != verdict.Splat || c.Title != "server: oops" || c.Label != netLabel || c.Kernel != kernels || c.Arch != "" {
		t.Errorf("%+v", c)
	}
	if m.Totals.All != 1 || len(m.Kernels) != 2 || m.Kernels[0].Key != stock || m.Kernels[1].Key != arm {
		t.Errorf("%d results, kernels %v", m.Totals.All, m.Kernels)
	}
	row := m.Packages[0].Rows[0]
	for i, role := range []string{"server", "client"} {
		k := m.Kernels[i]
		if row.On(k) != c || roleNames(c.RolesOn(k)) != role {
			t.Errorf("under %s: %v as %s", k.Key, row.On(k), roleNames(c.RolesOn(k)))
		}
		if got := m.Packages[0].Tally(k).String(); got != "✗ 1 of 1" {
			t.Errorf("under %s: %s", k.Key, got)
		}
	}
	if len(c.Roles) != 2 || c.Roles[0].Verdict() != "TESTFAIL: ended by the runner (because of another role)" ||
		c.Roles[1].Verdict() != "SPLAT: oops" || c.Roles[1].Accel != "kvm" || c.Roles[0].Release != "6.12.117" {
		t.Errorf("roles %+v", c.Roles)
	}
	if len(c.Programs) != 2 || c.Programs[0].Name != "client.t" || c.Programs[1].Name != "server.t" {
		t.Errorf("programs %+v", c.Programs)
	}
	if len(c.Reports) != 1 || c.Reports[0].Title != "server: oops" || strings.Join(c.Ignored, "|") != "server: known" || strings.Join(c.Notes, "|") != "client: odd" {
		t.Errorf("reports %+v, ignored %q, notes %q", c.Reports, c.Ignored, c.Notes)
	}
	if c.Times.Total != 6.5 || c.Times.Boot != 3 || c.Wire != "7 frames with 1 byte of payload" {
		t.Errorf("times %+v, wire %q", c.Times, c.Wire)
	}
	// Only who is to blame has a console there.
	if len(c.Tails) != 1 || c.Tails[0] != (Tail{"server.console.log", "the end of the server"}) {
		t.Errorf("tails %+v", c.Tails)
	}
	if c.Files[1].Name != "client.console.log" || c.Files[2].Name != "server.console.log" {
		t.Errorf("files %+v", c.Files)
	}
}

// A guest among several waits for the others: its times are not the harness's.
func TestNetBootIsNotMeasured(t *testing.T) {
	l := newLogs(t)
	l.net(strings.NewReplacer("SPLAT", "PASS", "TESTFAIL", "PASS", `"ok":false`, `"ok":true`, `"seconds":6.5}`, `"seconds":6.5,"times":{"overhead":3}}`).Replace(netResult))
	if m := collect(t, l.dir); m.Totals.OK != 1 || len(m.Boot) != 0 || only(t, m).Times.Overhead != 0 {
		t.Errorf("%+v, boot %+v", m.Totals, m.Boot)
	}
}

func TestNetWithoutResult(t *testing.T) {
	head := "vmtest: " + netLabel + " on " + kernels + "\n"
	for _, c := range []struct {
		name, log, title string
		class            verdict.Class
		kernels          int
	}{
		{"killed", head + "[client] hello\n", "left no result.json", NoResult, 2},
		{"crashed", head + "panic: runtime error\n", "left no result.json", NoResult, 2},
		{"wrong configuration", "vmnetrun: x.json: roles: a network needs at least two\n", "x.json: roles", NoResult, 1},
		{"wrong flag", "flag provided but not defined: -x\nUsage: vmnetrun [flags]\n", "flag provided but not defined: -x", NoResult, 1},
		{"skipped", "SKIP  " + netLabel + " on " + kernels + ": client: gone: really\n", "client: gone: really", Skipped, 2},
		{"a guest says SKIP", head + "SKIP  " + netLabel + " on " + kernels + ": no\n", "left no result.json", NoResult, 2},
	} {
		l := newLogs(t)
		l.file(labelPath(netLabel), "test.log", bazelHead(netLabel)+c.log, noon)
		l.file(labelPath(netLabel), "test.outputs/server.console.log", "the server's end\n", noon)
		m := collect(t, l.dir)
		cell := only(t, m)
		if cell.Class != c.class || !strings.Contains(cell.Title, c.title) || cell.Label != netLabel || len(m.Kernels) != c.kernels {
			t.Errorf("%s: %s: %s for %s under %d kernels", c.name, cell.Class, cell.Title, cell.Label, len(m.Kernels))
		}
		if c.class != NoResult {
			continue
		}
		var tails []string
		for _, tail := range cell.Tails {
			tails = append(tails, tail.Name)
		}
		if want := map[int]string{1: "test.log", 2: "test.log server.console.log"}[c.kernels]; strings.Join(tails, " ") != want {
			t.Errorf("%s: tails %q, want %s", c.name, tails, want)
		}
	}
}

// A result of several guests in which something is wrong says so, and stands under
// the kernels that the log names.
func TestBrokenNetResults(t *testing.T) {
	for _, c := range []struct{ name, from, to, title string }{
		{"truncated", `],"wire"`, "", "truncated"},
		{"a role that is nothing", `"roles":[`, `"roles":[null,`, "roles[0] has no class"},
		{"a role without a result", `"roles":[`, `"roles":[{"role":"x"},`, "roles[0] has no class"},
		{"a role that is a path", `"role":"client"`, `"role":"../client"`, `no name, or stands there twice: "../client"`},
		{"a role twice", `"role":"client"`, `"role":"server"`, `roles[1].role is no name, or stands there twice`},
		{"a role of another schema", `"schema":1,"name":"` + netLabel + `.s`, `"schema":2,"name":"` + netLabel + `.s`, "roles[1] has schema 2"},
		{"roles of another type", `"roles":[`, `"roles":7,"x":[`, "cannot unmarshal number"},
	} {
		text := strings.Replace(netResult, c.from, c.to, 1)
		if c.to == "" {
			text, _, _ = strings.Cut(netResult, c.from)
		}
		l := newLogs(t)
		l.net(text)
		m := collect(t, l.dir)
		cell := only(t, m)
		if cell.Class != Unreadable || !strings.Contains(cell.Title, c.title) || len(m.Kernels) != 2 {
			t.Errorf("%s: %s: %s under %d kernels", c.name, cell.Class, cell.Title, len(m.Kernels))
		}
	}
}

// What the runners write is understood: their own words, and not a copy of them.
func TestRunnersOwnWords(t *testing.T) {
	guest := `{"kernel": "%s", "arch": "x86_64", "name": "g", "qemu_root": "gone", "image": "i", "initrd": "i", "accel": "tcg",
		"memory_mib": 64, "cpus": 1, "timeout_seconds": 1, "programs": [{"name": "p", "format": "exit"}], "expect": {}%s}`
	one := func(label, more string) string {
		return strings.Replace(fmt.Sprintf(guest, stock, more), `"g"`, `"`+label+`"`, 1)
	}
	several := func(label, more string) string {
		return fmt.Sprintf(`{"name": "%s", "roles": [{"role": "a", "mac": "52:54:00:00:00:01", "guest": %s}, {"role": "b", "mac": "52:54:00:00:00:02", "guest": %s}]}`,
			label, fmt.Sprintf(guest, stock, ""), fmt.Sprintf(guest, arm, more))
	}
	skip := `, "skip": "gone: from the archive"`
	for _, c := range []struct {
		name, label, config string
		run                 func(args []string, stdout, stderr *os.File) int
		class               verdict.Class
		title               string
		kernels             int
	}{
		{"one", label, one(label, ""), runOne, verdict.Infra, "", 1},
		{"one skipped", label, one(label, skip), runOne, Skipped, "gone: from the archive", 1},
		{"one, wrong", label, "{", runOne, NoResult, "one, wrong.json", 1},
		{"several", netLabel, several(netLabel, ""), runSeveral, verdict.Infra, "QEMU did not run", 2},
		{"several skipped", netLabel, several(netLabel, skip), runSeveral, Skipped, "b: gone: from the archive", 2},
		{"several, wrong", netLabel, "{", runSeveral, NoResult, "several, wrong.json", 1},
	} {
		l := newLogs(t)
		program := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(program+".json", []byte(c.config), 0o644); err != nil {
			t.Fatal(err)
		}
		l.file(labelPath(c.label), "test.log", bazelHead(c.label), noon)
		log, err := os.OpenFile(filepath.Join(l.dir, labelPath(c.label), "test.log"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(l.dir, labelPath(c.label), "test.outputs")
		c.run([]string{program, "--out", out, "--xml", ""}, log, log)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		m := collect(t, l.dir)
		cell := only(t, m)
		if cell.Class != c.class || !strings.Contains(cell.Title, c.title) || cell.Label != c.label || len(m.Kernels) != c.kernels {
			t.Errorf("%s: %s: %s for %s under %d kernels", c.name, cell.Class, cell.Title, cell.Label, len(m.Kernels))
		}
		if c.class == verdict.Infra {
			// Without the result the log alone has to do.
			if err := os.Remove(filepath.Join(out, "result.json")); err != nil {
				t.Fatal(err)
			}
			m := collect(t, l.dir)
			if cell := only(t, m); cell.Class != NoResult || len(m.Kernels) != c.kernels || strings.Contains(m.Kernels[0].Key, "unknown") {
				t.Errorf("%s without its result: %s under %v", c.name, cell.Class, m.Kernels)
			}
		}
	}
}

func runOne(args []string, stdout, stderr *os.File) int { return runner.Main(args, stdout, stderr) }

func runSeveral(args []string, stdout, stderr *os.File) int {
	return runner.NetMain(args, stdout, stderr)
}
