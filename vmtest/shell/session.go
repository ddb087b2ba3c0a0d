// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// guest follows the guest's events.
type guest struct {
	stream wire.Stream
	// show gets what the command of --exec prints; nil in a dialogue.
	show io.Writer
	mu   sync.Mutex
	done *wire.Event
	last wire.Event // of type exit
	err  error
}

// Write takes the next piece of the event channel.
func (g *guest) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.stream.Write(p, func(ev wire.Event) {
		switch ev.Type {
		case wire.TypeOutput:
			if g.show != nil {
				g.show.Write(ev.Data())
			}
		case wire.TypeExit:
			g.last = ev
		case wire.TypeDone:
			g.done = &ev
		}
	})
	if err != nil && g.err == nil {
		g.err = err
	}
	return len(p), nil
}

// end says how the guest has ended: its exit status, or why it has none.
func (g *guest) end(end qemu.End, err error, ctxErr error) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err != nil:
		return 1, err
	case g.done != nil && g.done.Error != "":
		return 1, fmt.Errorf("in the guest: %s", g.done.Error)
	case g.done != nil && g.last.Error != "":
		return 1, fmt.Errorf("in the guest: %s", g.last.Error)
	case g.done != nil:
		return g.done.Exit, nil
	case ctxErr == context.DeadlineExceeded:
		return 1, fmt.Errorf("the time limit came, and the machine was ended")
	case ctxErr != nil:
		return 1, fmt.Errorf("a signal came, and the machine was ended")
	case g.err != nil:
		return 1, g.err
	case end.Code != 0 || end.Signal != "":
		return 1, fmt.Errorf("QEMU ended with %d %s: %s", end.Code, end.Signal, strings.TrimSpace(end.Stderr))
	}
	return 1, fmt.Errorf("the machine ended before its shell: QEMU was told to quit, or the kernel died")
}

// lastLines keeps the end of a console.
type lastLines struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 8 << 10

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - tailBytes; over > 0 {
		l.text = l.text[over:]
	}
	return len(p), nil
}

// command runs the command of --exec and returns its exit status.
func command(ctx context.Context, q *qemu.Machine, stdout, stderr io.Writer) int {
	g, console := &guest{show: stdout}, &lastLines{}
	end, err := q.Run(ctx, console, g)
	status, err := g.end(end, err, ctx.Err())
	if err != nil {
		if len(console.text) > 0 {
			fmt.Fprintf(stderr, "%s\n", strings.TrimSpace(strings.ReplaceAll(string(console.text), "\r", "")))
		}
		fmt.Fprintf(stderr, "vmtest shell: %v\n", err)
	}
	return status
}

// dialogue gives the person the guest's console and returns the shell's exit status.
func dialogue(ctx context.Context, q *qemu.Machine, in, out *os.File, stderr io.Writer) int {
	fmt.Fprint(stderr, "vmtest shell: exit or Ctrl-D powers the guest off; Ctrl-C goes into it; Ctrl-A X ends QEMU at once\n")
	g := &guest{}
	end, err := q.RunOnTerminal(ctx, in, out, g)
	status, err := g.end(end, err, ctx.Err())
	if err != nil {
		fmt.Fprintf(stderr, "\nvmtest shell: %v\n", err)
		return status
	}
	fmt.Fprintf(stderr, "vmtest shell: the guest is off, its shell ended with status %d\n", status)
	return status
}
