// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// runnerSide plays the runner: what it sends arrives in listen.
type runnerSide struct {
	*peers
	enc   *wire.Encoder
	w     *io.PipeWriter
	mu    sync.Mutex
	asked []string
	kills []unix.Signal
	heard chan bool
}

func withRunner(t *testing.T) *runnerSide {
	r, w := io.Pipe()
	s := &runnerSide{enc: wire.NewEncoder(w), w: w, heard: make(chan bool, 100)}
	s.peers = newPeers(func(ev wire.Event) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, ev.Type+" "+ev.Text)
		s.heard <- true
		return nil
	})
	s.peers.kill = func(_ int, signal unix.Signal) { s.kills = append(s.kills, signal); s.heard <- true }
	go s.listen(r.Read)
	t.Cleanup(func() { w.Close() })
	return s
}

func TestJoin(t *testing.T) {
	s := withRunner(t)
	answers := make(chan string)
	for range 3 { // several programs at one barrier, of which the runner hears once
		go func() { answers <- s.join("one") }()
	}
	<-s.heard
	for len(func() []chan string { s.peers.mu.Lock(); defer s.peers.mu.Unlock(); return s.waiting["one"] }()) < 3 {
		time.Sleep(time.Millisecond)
	}
	s.enc.Send(wire.Event{Type: wire.TypeRelease, Text: "one"})
	for range 3 {
		if a := <-answers; a != "ok" {
			t.Errorf("answer %q", a)
		}
	}
	if a := s.join("one"); a != "ok" {
		t.Errorf("who comes late hears %q", a)
	}
	go func() { answers <- s.join("two") }()
	<-s.heard
	s.enc.Send(wire.Event{Type: wire.TypeRefuse, Text: "two", Error: "role b\nfailed"})
	if a := <-answers; a != "error role b failed" {
		t.Errorf("answer %q", a)
	}
	if got := strings.Join(s.asked, ","); got != "barrier one,barrier two" {
		t.Errorf("the runner hears %q", got)
	}
	if a := s.join("no name\n"); !strings.HasPrefix(a, "error ") {
		t.Errorf("answer %q", a)
	}
}

// A channel that breaks must not leave programs waiting for ever.
func TestJoinWithoutRunner(t *testing.T) {
	for name, destroy := range map[string]func(s *runnerSide){
		"end":     func(s *runnerSide) { s.w.Close() },
		"noise":   func(s *runnerSide) { s.w.Write([]byte("noise\n")) },
		"gap":     func(s *runnerSide) { s.w.Write([]byte(`{"seq":2,"type":"stop","uptime":0,"exit":0}` + "\n")) },
		"failure": func(s *runnerSide) { s.w.CloseWithError(errors.New("parity")) },
	} {
		s := withRunner(t)
		answers := make(chan string)
		go func() { answers <- s.join("one") }()
		<-s.heard
		go destroy(s)
		if a := <-answers; !strings.HasPrefix(a, "error the runner is not heard") {
			t.Errorf("%s: answer %q", name, a)
		}
		if a := s.join("two"); !strings.HasPrefix(a, "error the runner is not heard") {
			t.Errorf("%s: later answer %q", name, a)
		}
	}
}

func TestStop(t *testing.T) {
	s := withRunner(t)
	s.began(5)
	s.enc.Send(wire.Event{Type: wire.TypeStop})
	<-s.heard
	s.enc.Send(wire.Event{Type: wire.TypeStop})
	if !s.ended() || s.kills[0] != unix.SIGTERM {
		t.Errorf("kills %v", s.kills)
	}
	s.began(6) // a program that starts later is ended too
	<-s.heard
	var none *peers
	none.began(1)
	if none.ended() {
		t.Error("a guest that is alone was told to end")
	}
}

// A program that is asked to end, and ends, has not failed.
func TestRunStopped(t *testing.T) {
	s := withRunner(t)
	s.peers.kill = func(pid int, signal unix.Signal) { unix.Kill(-pid, signal) }
	var last wire.Event
	self := "/proc/self/exe"
	r := &runner{send: func(ev wire.Event) error {
		if ev.Type == wire.TypeProgram {
			time.AfterFunc(100*time.Millisecond, s.stop)
		}
		last = ev
		return nil
	}, killRest: func() {}, peers: s.peers}
	status, err := r.run(wire.Program{Name: "p", Path: self, Env: []string{"GUEST_PROGRAM=sleep"}}, nil)
	if err != nil || status != 0 || !last.Stopped || last.Signal != "SIGTERM" || last.Exit != 128+15 {
		t.Errorf("status %d, %v, %+v", status, err, last)
	}
}

// dial goes to a socket and sends a text.
func dial(t *testing.T, socket, text string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: socket})
	}
	if err != nil {
		t.Fatal(err)
	}
	unix.Sendto(fd, []byte(text), unix.MSG_NOSIGNAL, nil)
	return fd
}

// hear returns what init answers.
func hear(t *testing.T, fd int) string {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestServe(t *testing.T) {
	s := withRunner(t)
	socket := filepath.Join(t.TempDir(), "s")
	if err := s.serve(socket); err != nil {
		t.Fatal(err)
	}
	s.take(wire.Event{Type: wire.TypeRelease, Text: "one"})
	if a := hear(t, dial(t, socket, "one\n")); a != "ok\n" {
		t.Errorf("%q", a)
	}
	// Programs that say nothing, too much, or go away harm nobody.
	for _, text := range []string{"", strings.Repeat("x", 10000), "one\n"} {
		unix.Close(dial(t, socket, text))
	}
	if a := hear(t, dial(t, socket, "two words\n")); !strings.HasPrefix(a, "error ") {
		t.Errorf("%q", a)
	}
}

func TestBarrierToolUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "Usage: vmtest-barrier"},
		{nil, 2, "one name"},
		{[]string{"a b"}, 2, "one name"},
		{[]string{"a"}, 1, "not in a guest of vm_net_test"},
	} {
		var out bytes.Buffer
		if code := Barrier(c.args, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: %d, %s", c.args, code, out.String())
		}
	}
}
