// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary itself plays a QEMU that misbehaves, as no real one does on
// demand: it is installed under QEMU's name, and the name of a file beside it says
// what it does.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == boards[X8664].program {
		os.Exit(misbehave())
	}
	os.Exit(m.Run())
}

func misbehave() int {
	how, err := os.ReadFile(filepath.Join(filepath.Dir(os.Args[0]), "how"))
	if err != nil {
		return 99
	}
	switch string(how) {
	case "hang":
		time.Sleep(time.Hour)
	case "success":
		return 0
	case "complain":
		fmt.Fprintln(os.Stderr, "kvm: internal error")
		return 1
	case "die":
		unix.Kill(os.Getpid(), unix.SIGKILL)
	case "count":
		f, err := os.OpenFile(filepath.Join(filepath.Dir(os.Args[0]), "count"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			f.WriteString("x")
			f.Close()
		}
		return 1
	case "talk":
		console, events := os.NewFile(3, "console"), os.NewFile(4, "events")
		for i := range 20000 {
			fmt.Fprintf(console, "console line %d\n", i)
			fmt.Fprintf(events, "event line %d\n", i)
		}
		return 0
	case "echo":
		// What comes through the event port and the cable goes to the console.
		console, events, cable := os.NewFile(3, "console"), os.NewFile(4, "events"), os.NewFile(5, "cable")
		for _, f := range []*os.File{events, cable} {
			buf := make([]byte, 64)
			n, err := f.Read(buf)
			fmt.Fprintf(console, "%s %v\n", buf[:n], err)
		}
		return 0
	case "talk and hang":
		os.NewFile(3, "console").WriteString("last words\n")
		time.Sleep(time.Hour)
	}
	return 98
}

// fake returns a machine whose QEMU does what how says.
func fake(t *testing.T, how string) *Machine {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, "usr/bin")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.MkdirAll(bin, 0o755),
		os.Symlink(self, filepath.Join(bin, boards[X8664].program)),
		os.WriteFile(filepath.Join(bin, "how"), []byte(how), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return &Machine{Arch: X8664, Root: root, Accel: TCG, Kernel: "k", Initrd: "i", MemoryMiB: 64, CPUs: 1}
}

func TestRunLosesNothing(t *testing.T) {
	var console, events strings.Builder
	end, err := fake(t, "talk").Run(context.Background(), &console, &events)
	if err != nil || end.Code != 0 || end.Killed {
		t.Fatalf("end %+v, error %v", end, err)
	}
	for name, got := range map[string]string{"console": console.String(), "event": events.String()} {
		var want strings.Builder
		for i := range 20000 {
			fmt.Fprintf(&want, "%s line %d\n", name, i)
		}
		if got != want.String() {
			t.Errorf("%s: %d bytes of %d", name, len(got), want.Len())
		}
	}
}

func TestRunPassesInputAndCable(t *testing.T) {
	m := fake(t, "echo")
	ours, theirs, err := socketPair("cable")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	ours.WriteString("frame")
	m.Input, m.Network = strings.NewReader("command"), &Network{MAC: "52:54:00:00:00:01", Cable: theirs}
	var console, events strings.Builder
	end, err := m.Run(context.Background(), &console, &events)
	if want := "command <nil>\nframe <nil>\n"; err != nil || end.Code != 0 || console.String() != want {
		t.Errorf("end %+v, error %v, console %q", end, err, console.String())
	}
	// Nobody holds the other end any more, or the switch would wait for ever.
	ours.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the cable's end: %v", err)
	}
	m.Arch = "mips"
	if _, theirs, err = socketPair("cable"); err != nil {
		t.Fatal(err)
	}
	m.Network.Cable = theirs
	if _, err := m.Run(context.Background(), &console, &events); err == nil || theirs.Close() == nil {
		t.Errorf("error %v, and the cable stays open", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var console, events strings.Builder
	begin := time.Now()
	end, err := fake(t, "talk and hang").Run(ctx, &console, &events)
	if err != nil || !end.Killed || end.Lost || end.Signal != "SIGKILL" {
		t.Errorf("end %+v, error %v", end, err)
	}
	if console.String() != "last words\n" {
		t.Errorf("console %q", console.String())
	}
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestRunReportsTheEnd(t *testing.T) {
	var w strings.Builder
	end, err := fake(t, "complain").Run(context.Background(), &w, &w)
	if err != nil || end.Code != 1 || !strings.Contains(end.Stderr, "kvm: internal error") {
		t.Errorf("complain: end %+v, error %v", end, err)
	}
	end, err = fake(t, "die").Run(context.Background(), &w, &w)
	if err != nil || end.Signal != "SIGKILL" || end.Killed {
		t.Errorf("die: end %+v, error %v", end, err)
	}
	m := fake(t, "success")
	m.Root = "/nonexistent"
	if _, err := m.Run(context.Background(), &w, &w); err == nil {
		t.Error("a missing QEMU is no error")
	}
}

func TestProbeRefuses(t *testing.T) {
	for _, c := range []struct{ how, want string }{
		{"hang", "did not end within"},
		{"success", "not 67"},
		{"complain", "kvm: internal error"},
		{"die", "SIGKILL"},
	} {
		t.Run(c.how, func(t *testing.T) {
			m := fake(t, c.how)
			m.Accel = KVM
			err := Probe(context.Background(), m)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestKVMAnswerIsRemembered(t *testing.T) {
	if hostArch() != X8664 {
		t.Skip("the fake is a QEMU for x86_64")
	}
	if f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err != nil {
		t.Skipf("no /dev/kvm here: %v", err)
	} else {
		f.Close()
	}
	dir := t.TempDir()
	m := fake(t, "count")
	for range 2 {
		if ok, why := KVMWorks(context.Background(), m, dir); ok || why == "" {
			t.Fatalf("works=%v why=%q", ok, why)
		}
	}
	if data, _ := os.ReadFile(filepath.Join(m.Root, "usr/bin/count")); string(data) != "x" {
		t.Errorf("QEMU was asked %q, want once", data)
	}
}

func TestKVMIsForTheMachinesOwnArchitecture(t *testing.T) {
	m := &Machine{Arch: AArch64}
	if hostArch() == AArch64 {
		m.Arch = X8664
	}
	if ok, why := KVMWorks(context.Background(), m, ""); ok || !strings.Contains(why, "this machine is") {
		t.Errorf("works=%v why=%q", ok, why)
	}
}
