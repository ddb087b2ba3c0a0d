// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// The test binary plays the programs that the guest runs.
func TestMain(m *testing.M) {
	if os.Args[0] == StackHolder {
		// As init does. Without this each would run all the tests again, and start more.
		HoldStack()
		return
	}
	switch os.Getenv("GUEST_PROGRAM") {
	case "":
		os.Exit(m.Run())
	case "speak":
		fmt.Println("to stdout")
		fmt.Fprintln(os.Stderr, "to stderr")
		fmt.Print("no line end")
		os.Exit(3)
	case "end":
		// With the number of its arguments.
		os.Exit(len(os.Args) - 1)
	case "die":
		unix.Kill(os.Getpid(), unix.SIGTERM)
		time.Sleep(time.Minute)
	case "daemon":
		// Leaves a child that holds the output open.
		os.Setenv("GUEST_PROGRAM", "sleep")
		if _, err := os.StartProcess("/proc/self/exe", []string{"daemon"}, &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}}); err != nil {
			os.Exit(9)
		}
		fmt.Println("parent ends")
	case "sleep":
		time.Sleep(time.Minute)
	case "much":
		os.Stdout.Write(bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
		fmt.Println()
	case "environment":
		for _, e := range os.Environ() {
			fmt.Println(e)
		}
	}
}

// token marks the processes of this run.
func token() string { return fmt.Sprintf("GUEST_TOKEN=%d", os.Getpid()) }

// play runs the test binary as a program and returns the events.
func play(t *testing.T, program string, killRest func()) (int, []wire.Event) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var events []wire.Event
	r := &runner{
		send: func(ev wire.Event) error {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, ev)
			return nil
		},
		killRest: killRest,
	}
	p := wire.Program{Name: "p", Path: self, Env: []string{"GUEST_PROGRAM=" + program, "OWN=x", token()}, Format: wire.FormatExit}
	status, err := r.run(p, []string{"COMMON=y"})
	if err != nil {
		t.Fatal(err)
	}
	return status, events
}

func text(events []wire.Event) string {
	var b strings.Builder
	for _, ev := range events {
		if ev.Type == wire.TypeOutput {
			b.Write(ev.Data())
		}
	}
	return b.String()
}

func TestRunReportsEverything(t *testing.T) {
	status, events := play(t, "speak", func() {})
	if want := "to stdout\nto stderr\nno line end"; status != 3 || text(events) != want {
		t.Errorf("status %d, output %q", status, text(events))
	}
	first, last := events[0], events[len(events)-1]
	if first.Type != wire.TypeProgram || last.Type != wire.TypeExit || last.Exit != 3 || last.Program != "p" {
		t.Errorf("events %+v", events)
	}
}

func TestRunReportsSignals(t *testing.T) {
	status, events := play(t, "die", func() {})
	if last := events[len(events)-1]; status != 128+15 || last.Signal != "SIGTERM" {
		t.Errorf("status %d, event %+v", status, last)
	}
}

func TestRunKeepsLongLines(t *testing.T) {
	_, events := play(t, "much", func() {})
	if got := text(events); len(got) != 16<<16+1 || !strings.HasPrefix(got, "0123456789abcdef") {
		t.Errorf("%d bytes", len(got))
	}
	for _, ev := range events {
		if len(ev.Data()) > 2*maxPiece {
			t.Errorf("an event of %d bytes", len(ev.Data()))
		}
	}
}

func TestEnvironmentOfPrograms(t *testing.T) {
	_, events := play(t, "environment", func() {})
	for _, want := range []string{"OWN=x\n", "COMMON=y\n", "TIDELOCK_VM=1\n", "PATH="} {
		if !strings.Contains(text(events), want) {
			t.Errorf("%q is missing in %q", want, text(events))
		}
	}
	if before := len(defaultEnv); cap(defaultEnv) != before {
		t.Error("a program's environment was appended to the common one")
	}
}

func TestRunDoesNotWaitForDaemons(t *testing.T) {
	// What PID 1 does with kill(-1), here with the children of this process.
	killed := false
	begin := time.Now()
	_, events := play(t, "daemon", func() {
		killed = true
		killChildrenOf(t, os.Getpid())
	})
	if !killed || text(events) != "parent ends\n" || time.Since(begin) > 20*time.Second {
		t.Errorf("killed %v, output %q, %v", killed, text(events), time.Since(begin))
	}
}

// killChildrenOf ends the orphan "daemon", which is found by its name and this run's token.
func killChildrenOf(t *testing.T, self int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		cmd, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err != nil || string(cmd) != "daemon\x00" {
			continue
		}
		env, err := os.ReadFile("/proc/" + e.Name() + "/environ")
		if err != nil || !bytes.Contains(env, []byte(token()+"\x00")) {
			continue
		}
		var pid int
		if _, err := fmt.Sscan(e.Name(), &pid); err == nil && pid != self {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

func TestMissingProgram(t *testing.T) {
	var last wire.Event
	r := &runner{send: func(ev wire.Event) error { last = ev; return nil }, killRest: func() {}}
	status, err := r.run(wire.Program{Name: "p", Path: "/nonexistent/program"}, nil)
	if err != nil || status != 127 || !strings.Contains(last.Error, "/nonexistent/program") {
		t.Errorf("status %d, event %+v, error %v", status, last, err)
	}
}

var catalogue = []wire.Module{
	{Name: "tls", Aliases: []string{"tcp-ulp-tls", "tls"}},
	{Name: "virtio_net", Depends: []string{"net_failover", "virtio"}, Aliases: []string{"virtio:d00000001v*"}},
	{Name: "net_failover", Depends: []string{"failover"}},
	{Name: "failover"},
	{Name: "virtio", Builtin: true},
	{Name: "loop_a", Depends: []string{"loop_b"}},
	{Name: "loop_b", Depends: []string{"loop_a"}},
	{Name: "broken", Depends: []string{"absent"}},
}

func TestFind(t *testing.T) {
	for want, names := range map[string][]string{
		"tls":                       {"tls"},
		"tcp-ulp-tls":               {"tls"},
		"virtio-net":                {"virtio_net"},
		"virtio:d00000001v00001AF4": {"virtio_net"},
		"virtio:d00000002v00001AF4": nil,
		"rtnl-link-dummy":           nil,
		"crypto-gcm(aes)":           nil,
		"[":                         nil,
	} {
		var got []string
		for _, m := range find(catalogue, want) {
			got = append(got, m.Name)
		}
		if !reflect.DeepEqual(got, names) {
			t.Errorf("%s: %v, want %v", want, got, names)
		}
	}
}

func TestOrder(t *testing.T) {
	list, err := order(catalogue, "virtio_net")
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	if err != nil || strings.Join(names, " ") != "failover net_failover virtio virtio_net" {
		t.Errorf("%v, %v", names, err)
	}
	if _, err := order(catalogue, "loop_a"); err == nil || !strings.Contains(err.Error(), "depends on itself") {
		t.Errorf("loop: %v", err)
	}
	if _, err := order(catalogue, "broken"); err == nil || !strings.Contains(err.Error(), "absent is not in the guest") {
		t.Errorf("broken: %v", err)
	}
}

func TestParseCmdline(t *testing.T) {
	got := parseCmdline("console=ttyS0,115200 quiet vmtest.events=ttyS1 vmtest.events=ttyS2\n")
	want := map[string]string{"console": "ttyS0,115200", "quiet": "", "vmtest.events": "ttyS2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestSendPieces(t *testing.T) {
	data := bytes.Repeat([]byte("x\xff"), maxPiece)
	var got []byte
	err := sendPieces(func(ev wire.Event) error { got = append(got, ev.Data()...); return nil }, wire.TypeDmesg, data)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes of %d, %v", len(got), len(data), err)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("tls", "virtio:d00000001v*")
	f.Add("crypto-gcm(aes)", "[a-")
	f.Fuzz(func(t *testing.T, want, alias string) {
		find([]wire.Module{{Name: "m", Aliases: []string{alias}}}, want) // a bad pattern must not stop the guest
		if got := find([]wire.Module{{Name: want}}, want); len(got) != 1 {
			t.Errorf("%q does not find itself", want)
		}
	})
}
