// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/tidelock/tidelock/vmtest/splat"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// maxConsole is how much a guest may write to its console. A boot needs some 25
// KiB and the longest report a megabyte; more is a guest that only floods, at half a
// megabyte a second, which is what a UART carries under TCG.
const maxConsole = 8 << 20

// maxOutput is the same for what programs print.
const maxOutput = 8 << 20

// tailSize is how much of the console a failure shows.
const tailSize = 12 << 10

// console takes every byte of the kernel's console: to a file, to the scanner of
// reports, and the last of it to a buffer.
type console struct {
	file  *kept // may be nil
	scan  splat.Scanner
	tail  []byte
	size  int64
	flood func()
}

func (c *console) Write(p []byte) (int, error) {
	c.file.write(p)
	c.scan.Write(p)
	c.tail = append(c.tail, p...)
	if over := len(c.tail) - tailSize; over > tailSize {
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
	before := c.size
	c.size += int64(len(p))
	if before <= maxConsole && c.size > maxConsole {
		c.flood()
	}
	return len(p), nil
}

// Tail returns the last lines, whole ones, fit for a terminal.
func (c *console) Tail() string {
	t := c.tail
	if over := len(t) - tailSize; over > 0 {
		t = t[over:]
		if i := bytes.IndexByte(t, '\n'); i >= 0 {
			t = t[i+1:]
		}
	}
	return printable(t)
}

// LastLine returns the last line that is not empty.
func (c *console) LastLine() string {
	t := bytes.TrimRight(c.tail, "\r\n\t \x00")
	return printable(bytes.TrimSpace(t[bytes.LastIndexByte(t, '\n')+1:]))
}

// printable replaces what could confuse a terminal or a report.
func printable(b []byte) string {
	var out bytes.Buffer
	for _, r := range string(b) {
		switch {
		case r == '\r':
		case r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && !(r >= 0x80 && r < 0xa0):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, `\x%02x`, r)
		}
	}
	return out.String()
}

// events takes the guest's events.
type events struct {
	mu       sync.Mutex
	stream   wire.Stream
	file     *kept     // may be nil
	show     io.Writer // what programs print is shown as it comes
	flood    func()
	err      error
	release  string
	machine  string
	started  *wire.Event
	done     *wire.Event
	last     string
	running  string
	outputs  map[string]*bytes.Buffer
	exits    map[string]wire.Event
	begins   map[string]float64
	dmesg    bytes.Buffer
	kmemleak bytes.Buffer
	coverage wire.Coverage
	badCover error // the first piece of coverage that cannot be from our init
	size     int64
	also     func(wire.Event) // hears every event too; may be nil
}

func newEvents(file *kept, show io.Writer, flood func()) *events {
	return &events{file: file, show: show, flood: flood, outputs: map[string]*bytes.Buffer{}, exits: map[string]wire.Event{}, begins: map[string]float64{}}
}

func (e *events) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.file.write(p)
	before := e.size
	e.size += int64(len(p))
	if before <= maxOutput && e.size > maxOutput {
		e.flood()
	}
	if e.size <= maxOutput && e.err == nil {
		e.err = e.stream.Write(p, e.take)
	}
	return len(p), nil
}

// end is called when QEMU has ended by itself. Half an event behind the done event is
// from something else than our init: the channel cannot be trusted. Without a done
// event the guest died while it spoke, which is said beside what it had said before.
func (e *events) end() {
	if e.err != nil || e.size > maxOutput {
		return
	}
	if err := e.stream.Close(); err != nil && e.done != nil {
		e.err = err
	} else if err != nil {
		e.last += "; " + err.Error()
	}
}

func (e *events) take(ev wire.Event) {
	e.last = ev.Type
	switch ev.Type {
	case wire.TypeStart:
		e.started = &ev
		e.release, e.machine = ev.Release, ev.Machine
	case wire.TypeProgram:
		e.running = ev.Program
		e.begins[ev.Program] = ev.Uptime
	case wire.TypeOutput:
		b := e.outputs[ev.Program]
		if b == nil {
			b = &bytes.Buffer{}
			e.outputs[ev.Program] = b
		}
		b.Write(ev.Data())
		io.WriteString(e.show, printable(bytes.ReplaceAll(ev.Data(), []byte{0x16}, nil)))
	case wire.TypeExit:
		e.exits[ev.Program] = ev
		e.running = ""
	case wire.TypeDmesg:
		e.dmesg.Write(ev.Data())
	case wire.TypeKmemleak:
		e.kmemleak.Write(ev.Data())
	case wire.TypeCoverage:
		if err := e.coverage.Take(ev); err != nil && e.badCover == nil {
			e.badCover = fmt.Errorf("event channel: event %d: %v", ev.Seq, err)
		}
	case wire.TypeDone:
		e.done = &ev
	}
	if e.running != "" {
		e.last = "program " + e.running
	}
	if e.also != nil {
		e.also(ev)
	}
}
