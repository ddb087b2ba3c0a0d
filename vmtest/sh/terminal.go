// SPDX-License-Identifier: Apache-2.0

package sh

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/term"
)

const (
	ctrlC = 3
	ctrlE = 5  // to the end of the line
	ctrlU = 21 // deletes to its begin
)

// terminal reads lines that can be edited, with a history (arrows) and completion
// (Tab). Between two lines the terminal is as programs expect it.
type terminal struct {
	in   *os.File
	keys *keys
	t    *term.Terminal
}

func newTerminal(in *os.File, out io.Writer) *terminal {
	k := &keys{in: in}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, out}, "")
	t.AutoCompleteCallback = complete
	t.History = &history{}
	return &terminal{in: in, keys: k, t: t}
}

// ReadLine implements lineReader.
func (t *terminal) ReadLine(prompt string) (string, error) {
	old, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return "", err
	}
	defer term.Restore(int(t.in.Fd()), old)
	if w, h, err := term.GetSize(int(t.in.Fd())); err == nil && w > 0 && h > 0 {
		t.t.SetSize(w, h)
	}
	t.t.SetPrompt(prompt)
	line, err := t.t.ReadLine()
	if t.keys.interrupted {
		t.keys.interrupted = false
		return "", errInterrupted
	}
	return line, err
}

// keys turns Ctrl-C into keys that empty the line and end it: the line editor
// itself takes it for the end of the input. It gives out one line at a time, so
// that interrupted speaks of the line that is being read.
type keys struct {
	in          io.Reader
	typed       []byte // read from in, not looked at yet
	ready       []byte // to be given out
	interrupted bool
}

func (k *keys) Read(p []byte) (int, error) {
	if len(k.ready) == 0 && len(k.typed) == 0 {
		buf := make([]byte, 256)
		n, err := k.in.Read(buf)
		if n == 0 {
			return 0, err
		}
		k.typed = buf[:n]
	}
	if len(k.ready) == 0 {
		end := bytes.IndexAny(k.typed, string([]byte{ctrlC, '\r', '\n'})) + 1
		if end == 0 {
			end = len(k.typed)
		}
		k.ready = bytes.Clone(k.typed[:end])
		k.typed = k.typed[end:]
		if last := end - 1; k.ready[last] == ctrlC {
			k.interrupted = true
			k.ready = append(k.ready[:last], ctrlE, ctrlU, '\r')
		}
	}
	n := copy(p, k.ready)
	k.ready = k.ready[n:]
	return n, nil
}

// history keeps the newest lines that say something, for the arrow keys.
type history struct{ lines []string }

const historySize = 500

// Add implements term.History.
func (h *history) Add(line string) {
	if line == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if over := len(h.lines) - historySize; over > 0 {
		h.lines = h.lines[over:]
	}
}

// Len implements term.History.
func (h *history) Len() int { return len(h.lines) }

// At implements term.History; 0 is the newest line.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
