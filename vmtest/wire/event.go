// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/tidelock/tidelock/tools/strictjson"
)

// Types of events, in the order in which a healthy guest sends them.
const (
	TypeStart    = "start"    // init is up; nothing was run yet
	TypeModules  = "modules"  // the modules of Config.Load are in
	TypeProgram  = "program"  // a program starts
	TypeOutput   = "output"   // a piece of a program's output
	TypeExit     = "exit"     // a program has ended
	TypeDmesg    = "dmesg"    // a piece of the kernel log
	TypeKmemleak = "kmemleak" // what the final kmemleak scan found
	TypeCoverage = "coverage" // a piece of a file with counts of gcov
	TypeDone     = "done"     // the last word; without it nothing counts
)

// Event is one line on the event channel. Only the fields that a type needs are set.
type Event struct {
	// Seq counts from 1 without a gap: a lost line cannot go unnoticed.
	Seq int64 `json:"seq"`
	// Type is one of the Type constants.
	Type string `json:"type"`
	// Uptime is the guest's uptime in seconds.
	Uptime float64 `json:"uptime"`
	// Release is uname -r (start).
	Release string `json:"release,omitempty"`
	// Machine is uname -m (start).
	Machine string `json:"machine,omitempty"`
	// Program is the name of the program (program, output, exit).
	Program string `json:"program,omitempty"`
	// File is the name of a file below the kernel's folder for gcov (coverage).
	File string `json:"file,omitempty"`
	// Text is output, log or scan result as it is, when it is valid UTF-8.
	Text string `json:"text,omitempty"`
	// Bytes is the same for text that is not valid UTF-8 (base64 on the wire).
	Bytes []byte `json:"bytes,omitempty"`
	// Exit is the exit status of a program (exit) or of the whole run (done).
	Exit int `json:"exit"`
	// Signal is the name of the signal that ended the program (exit).
	Signal string `json:"signal,omitempty"`
	// Stopped is true when init was told to end the program, and did (exit).
	Stopped bool `json:"stopped,omitempty"`
	// Error says what init itself could not do (modules, exit, done).
	Error string `json:"error,omitempty"`
	// Taint is /proc/sys/kernel/tainted at the end (done).
	Taint uint64 `json:"taint,omitempty"`
	// Scanned is true where the kernel has kmemleak and it was scanned (done).
	Scanned bool `json:"scanned,omitempty"`
}

// Data returns what the event carries, whichever field it travelled in.
func (e *Event) Data() []byte {
	if e.Bytes != nil {
		return e.Bytes
	}
	return []byte(e.Text)
}

// SetData stores data as text when that is possible without a change.
func (e *Event) SetData(data []byte) {
	if utf8.Valid(data) {
		e.Text, e.Bytes = string(data), nil
	} else {
		e.Text, e.Bytes = "", bytes.Clone(data)
	}
}

// Encoder writes events as JSON lines and numbers them. It may be used from
// several goroutines.
type Encoder struct {
	mu  sync.Mutex
	w   io.Writer
	seq int64
}

// NewEncoder returns an encoder that writes to w, one Write call for each event.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// Send numbers the event and writes it.
func (e *Encoder) Send(ev Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq++
	ev.Seq = e.seq
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	// Each line of the kernel's log begins with <6>, and six characters instead of one
	// would take their time on a serial port.
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ev); err != nil {
		return err
	}
	_, err := e.w.Write(line.Bytes())
	return err
}

// MaxLine bounds one line of the event channel; a longer one is not from our init.
const MaxLine = 1 << 20

// Stream puts the bytes of the event channel together to events. It accepts
// them in pieces of any size, as a socket delivers them.
type Stream struct {
	pending []byte
	seq     int64
	done    bool
	err     error
}

// Write takes the next piece of the channel and calls f for each whole event in
// it. The first malformed line, gap in the numbers or event after the done
// event is returned, and again by every later call: the channel cannot be
// trusted from there on.
func (s *Stream) Write(p []byte, f func(Event)) error {
	if s.err != nil {
		return s.err
	}
	s.pending = append(s.pending, p...)
	for {
		i := bytes.IndexByte(s.pending, '\n')
		if i < 0 {
			if len(s.pending) > MaxLine {
				s.err = fmt.Errorf("event channel: a line is longer than %d bytes", MaxLine)
			}
			return s.err
		}
		line := s.pending[:i]
		ev, err := s.parse(line)
		s.pending = s.pending[i+1:]
		if err != nil {
			s.err = err
			return err
		}
		f(ev)
	}
}

func (s *Stream) parse(line []byte) (Event, error) {
	var ev Event
	if err := strictjson.Decode(line, &ev); err != nil {
		return ev, fmt.Errorf("event channel: line after event %d is not an event: %v: %.80q", s.seq, err, line)
	}
	if ev.Seq != s.seq+1 {
		return ev, fmt.Errorf("event channel: event %d follows event %d: something was lost or written by another program", ev.Seq, s.seq)
	}
	if s.done {
		return ev, fmt.Errorf("event channel: event %d (%s) comes after the done event", ev.Seq, ev.Type)
	}
	s.seq = ev.Seq
	s.done = ev.Type == TypeDone
	return ev, nil
}

// Close reports what is left over when the channel has ended: a torn last line.
func (s *Stream) Close() error {
	if s.err != nil {
		return s.err
	}
	if len(s.pending) > 0 {
		s.err = fmt.Errorf("event channel: ends in the middle of a line: %.80q", s.pending)
	}
	return s.err
}
