// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tidelock/tidelock/vmtest/wire"
	"golang.org/x/sys/unix"
)

// stopGrace is how long a program may take to end after it was asked to.
const stopGrace = 10 * time.Second

// peers stands between the programs of this guest and the runner, which knows what
// the other guests do: it takes programs to barriers, and ends them when told to.
// A nil *peers is a guest that is alone.
type peers struct {
	send func(wire.Event) error
	kill func(pid int, signal unix.Signal)

	mu       sync.Mutex
	answers  map[string]string // barrier → what programs are told
	waiting  map[string][]chan string
	broken   string // why no more answers come
	pid      int    // of the running program
	stopping bool
}

func newPeers(send func(wire.Event) error) *peers {
	return &peers{
		send: send,
		// The program leads a session of its own.
		kill:    func(pid int, signal unix.Signal) { unix.Kill(-pid, signal) },
		answers: map[string]string{},
		waiting: map[string][]chan string{},
	}
}

// listen takes what the runner sends through the event port, until that ends.
func (p *peers) listen(read func([]byte) (int, error)) {
	var stream wire.Stream
	buf := make([]byte, 4096)
	for {
		n, err := read(buf)
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if n > 0 {
			err = stream.Write(buf[:n], p.take)
		} else if err == nil {
			err = errors.New("it has ended")
		}
		if err != nil {
			p.breakOff("error the runner is not heard any more: " + err.Error())
			return
		}
	}
}

// take is one event from the runner.
func (p *peers) take(ev wire.Event) {
	switch ev.Type {
	case wire.TypeRelease:
		p.answer(ev.Text, "ok")
	case wire.TypeRefuse:
		p.answer(ev.Text, "error "+strings.ReplaceAll(ev.Error, "\n", " "))
	case wire.TypeStop:
		p.stop()
	}
}

func (p *peers) answer(barrier, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[barrier] = text
	for _, c := range p.waiting[barrier] {
		c <- text
	}
	delete(p.waiting, barrier)
}

func (p *peers) breakOff(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = why
	for barrier, list := range p.waiting {
		for _, c := range list {
			c <- why
		}
		delete(p.waiting, barrier)
	}
}

// join waits at a barrier and returns the answer for the program.
func (p *peers) join(barrier string) string {
	if !wire.ValidName(barrier) {
		return fmt.Sprintf("error %q is no name of a barrier", barrier)
	}
	p.mu.Lock()
	answer := p.answers[barrier]
	if answer == "" {
		answer = p.broken
	}
	if answer != "" {
		p.mu.Unlock()
		return answer
	}
	c := make(chan string, 1)
	first := len(p.waiting[barrier]) == 0
	p.waiting[barrier] = append(p.waiting[barrier], c)
	p.mu.Unlock()
	if first {
		if err := p.send(wire.Event{Type: wire.TypeBarrier, Text: barrier}); err != nil {
			return "error " + err.Error()
		}
	}
	return <-c
}

// serve takes programs that come to the socket to their barriers.
func (p *peers) serve(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return fmt.Errorf("%s: %v", path, err)
	}
	// Programs that gave up root may wait too.
	if err := errors.Join(os.Chmod(path, 0o666), unix.Listen(fd, 64)); err != nil {
		return fmt.Errorf("%s: %v", path, err)
	}
	go func() {
		for {
			conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
			if err == nil {
				go p.talk(conn)
			} else if err != unix.EINTR && err != unix.ECONNABORTED {
				return
			}
		}
	}()
	return nil
}

// talk reads one name and writes one answer.
func (p *peers) talk(fd int) {
	defer unix.Close(fd)
	var line []byte
	buf := make([]byte, 128)
	for bytes.IndexByte(line, '\n') < 0 && len(line) < len(buf) {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		line = append(line, buf[:n]...)
	}
	name, _, _ := strings.Cut(string(line), "\n")
	// A program that has gone away must not be init's end (SIGPIPE).
	unix.Sendto(fd, []byte(p.join(name)+"\n"), unix.MSG_NOSIGNAL, nil)
}

// began notes the running program; one that is to end ends at once.
func (p *peers) began(pid int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid = pid
	if p.stopping {
		p.end()
	}
}

// ended forgets the program and reports whether it had been told to end.
func (p *peers) ended() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid = 0
	return p.stopping
}

// stop ends the running program, and every one that starts later.
func (p *peers) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopping {
		p.stopping = true
		p.end()
	}
}

// end asks the program, and then does not ask any more.
func (p *peers) end() {
	pid := p.pid
	if pid == 0 {
		return
	}
	p.kill(pid, unix.SIGTERM)
	time.AfterFunc(stopGrace, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.pid == pid {
			p.kill(pid, unix.SIGKILL)
		}
	})
}
