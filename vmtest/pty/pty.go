// SPDX-License-Identifier: Apache-2.0

// Package pty makes pseudo-terminals, for tests of programs that talk to a person.
package pty

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Open returns the two ends of a new pseudo-terminal of 24 rows and 80 columns:
// what a person sees and types on, and what a program takes for its terminal.
func Open() (person, program *os.File, err error) {
	person, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err == nil {
		program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		person.Close()
		return nil, nil, fmt.Errorf("pseudo-terminal: %w", err)
	}
	return person, program, nil
}

// Screen collects what a program writes to a pseudo-terminal, and types on it.
type Screen struct {
	file *os.File
	mu   sync.Mutex
	more *sync.Cond
	text bytes.Buffer
	seen int // bytes that Expect has passed
	done bool
}

// NewScreen reads the person's end of a pseudo-terminal from now on.
func NewScreen(file *os.File) *Screen {
	s := &Screen{file: file}
	s.more = sync.NewCond(&s.mu)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := file.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.done = err != nil
			s.more.Broadcast()
			s.mu.Unlock()
			if err != nil { // EIO: the program's end was closed
				return
			}
		}
	}()
	return s
}

// Type writes text as if it was typed.
func (s *Screen) Type(text string) error {
	_, err := s.file.WriteString(text)
	return err
}

// Expect waits until the pattern stands in what was written after the last match,
// and returns the match. The error after the time limit has the text since then.
func (s *Screen) Expect(pattern string, limit time.Duration) (string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	timeout := false
	timer := time.AfterFunc(limit, func() {
		s.mu.Lock()
		timeout = true
		s.more.Broadcast()
		s.mu.Unlock()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		rest := s.text.Bytes()[s.seen:]
		if m := re.FindIndex(rest); m != nil {
			found := string(rest[m[0]:m[1]])
			s.seen += m[1]
			return found, nil
		}
		switch {
		case s.done:
			return "", fmt.Errorf("%q never came, and the program has ended; it wrote %q", pattern, rest)
		case timeout:
			return "", fmt.Errorf("%q did not come within %v; the program wrote %q", pattern, limit, rest)
		}
		s.more.Wait()
	}
}

// Text is everything that was written so far.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
