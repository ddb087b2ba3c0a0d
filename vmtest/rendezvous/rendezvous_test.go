// SPDX-License-Identifier: Apache-2.0

package rendezvous

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// group plays a test whose roles get what is said to them written down.
type group struct {
	*Group
	t     *testing.T
	heard map[string]*strings.Builder
	fails int
}

// play makes a group; a role that begins with "bg" is in the background.
func play(t *testing.T, roles ...string) *group {
	g := &group{t: t, heard: map[string]*strings.Builder{}}
	var members []Member
	for _, role := range roles {
		b := &strings.Builder{}
		g.heard[role] = b
		members = append(members, Member{Role: role, Background: strings.HasPrefix(role, "bg"), Last: "last", Send: func(ev wire.Event) {
			fmt.Fprintln(b, strings.TrimSpace(ev.Type+" "+ev.Text+" "+ev.Error))
		}})
	}
	g.Group = New(members, func() { g.fails++ })
	return g
}

func (g *group) join(role, name string) {
	g.Event(role, wire.Event{Type: wire.TypeBarrier, Text: name})
}
func (g *group) exit(role string, ev wire.Event) {
	ev.Type, ev.Program = wire.TypeExit, "last"
	g.Event(role, ev)
}

// hears checks what a role has heard since the last time.
func (g *group) hears(role string, lines ...string) {
	g.t.Helper()
	if got := strings.TrimSpace(g.heard[role].String()); got != strings.Join(lines, "\n") {
		g.t.Errorf("%s has heard %q, want %q", role, got, lines)
	}
	g.heard[role].Reset()
}

func (g *group) failed(role, want string, order int) {
	g.t.Helper()
	if o := g.Outcome(role); o.Failed != want || o.Order != order {
		g.t.Errorf("%s: %+v, want %q as number %d", role, o, want, order)
	}
}

func TestBarrier(t *testing.T) {
	g := play(t, "a", "b", "c")
	g.join("a", "one")
	g.join("b", "one")
	g.join("b", "one")
	g.hears("a")
	g.join("c", "two") // another barrier
	if o := g.Outcome("a"); o.Waiting != "one" {
		t.Errorf("%+v", o)
	}
	g.join("c", "one")
	for _, role := range []string{"a", "b", "c"} {
		g.hears(role, "release one")
	}
	if o := g.Outcome("a"); o.Waiting != "" {
		t.Errorf("%+v", o)
	}
	g.join("a", "two")
	g.join("b", "two")
	g.hears("b", "release two")
}

func TestNobodyWaitsForTheDead(t *testing.T) {
	for name, c := range map[string]struct {
		die  func(g *group)
		want string
	}{
		"machine":   {func(g *group) { g.Gone("b") }, "has ended before its program"},
		"status":    {func(g *group) { g.exit("b", wire.Event{Exit: 7}) }, "has ended with exit status 7"},
		"signal":    {func(g *group) { g.exit("b", wire.Event{Exit: 137, Signal: "SIGKILL"}) }, "was ended by SIGKILL"},
		"no start":  {func(g *group) { g.exit("b", wire.Event{Exit: 127, Error: "no such file"}) }, "could not run its program: no such file"},
		"init":      {func(g *group) { g.Event("b", wire.Event{Type: wire.TypeDone, Error: "no device"}) }, "has ended without its program: no device"},
		"boot":      {func(g *group) { g.Fail("b", "gives no sign of life") }, "gives no sign of life"},
		"leaves":    {func(g *group) { g.exit("b", wire.Event{}) }, "has ended without coming to the barrier one"},
		"no reason": {func(g *group) { g.Event("b", wire.Event{Type: wire.TypeDone}) }, "has ended without its program"},
	} {
		t.Run(name, func(t *testing.T) {
			g := play(t, "a", "b", "c")
			g.join("a", "one")
			c.die(g)
			g.hears("a", "refuse one role b "+c.want)
			g.failed("b", c.want, 1)
			g.join("c", "one") // too late, and told so at once
			g.hears("c", "refuse one role b "+c.want)
			g.join("c", "two")
			g.hears("c", "refuse two role b "+c.want)
			g.exit("a", wire.Event{Exit: 1})
			g.failed("a", "has ended with exit status 1", 2)
			g.failed("c", "", 0)
			if g.fails != 1 {
				t.Errorf("onFail was called %d times", g.fails)
			}
		})
	}
}

// Who has left is to blame only when somebody comes to a barrier without him.
func TestLeavingIsNoFailureByItself(t *testing.T) {
	g := play(t, "a", "b")
	g.exit("b", wire.Event{})
	g.Gone("b")
	g.failed("b", "", 0)
	g.exit("a", wire.Event{})
	g.failed("a", "", 0)
	g = play(t, "a", "b")
	g.exit("b", wire.Event{})
	g.join("a", "one")
	g.hears("a", "refuse one role b has ended without coming to the barrier one")
	g.failed("b", "has ended without coming to the barrier one", 1)
}

func TestBackground(t *testing.T) {
	g := play(t, "a", "b", "bg1", "bg2")
	g.exit("a", wire.Event{})
	g.hears("bg1")
	g.exit("b", wire.Event{})
	g.hears("bg1", "stop")
	g.hears("bg2", "stop")
	g.hears("a")
	g.exit("bg1", wire.Event{Exit: 143, Signal: "SIGTERM", Stopped: true})
	g.exit("bg2", wire.Event{})
	g.failed("bg1", "", 0)
	g.failed("bg2", "", 0)

	g = play(t, "a", "bg1")
	g.exit("bg1", wire.Event{})
	g.failed("bg1", "has ended before the others were done", 1)

	// SIGTERM of somebody else is no end in order, nor is SIGKILL of ours.
	g = play(t, "a", "bg1")
	g.exit("bg1", wire.Event{Signal: "SIGTERM"})
	g.failed("bg1", "was ended by SIGTERM", 1)
	g = play(t, "a", "bg1")
	g.exit("a", wire.Event{})
	g.exit("bg1", wire.Event{Signal: "SIGKILL", Stopped: true})
	g.failed("bg1", "was ended by SIGKILL", 1)

	// A failure ends the background too.
	g = play(t, "a", "b", "bg1")
	g.Gone("a")
	g.hears("bg1", "stop")
}

// A role that hangs keeps another waiting until the time limit ends both, in any order.
func TestWaitingIsRemembered(t *testing.T) {
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		g := play(t, "a", "b")
		g.join("a", "one")
		if got := g.Running(); len(got) != 2 {
			t.Errorf("%q", got)
		}
		for _, role := range order {
			g.Gone(role)
		}
		if a, b := g.Outcome("a"), g.Outcome("b"); a.Waiting != "one" || b.Waiting != "" {
			t.Errorf("%v: %+v, %+v", order, a, b)
		}
	}
	g := play(t, "a", "b")
	g.join("a", "one")
	g.Gone("b")
	g.exit("a", wire.Event{Exit: 1}) // it has heard, and moved on
	if o := g.Outcome("a"); o.Waiting != "" {
		t.Errorf("%+v", o)
	}
	if got := g.Running(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestMissing(t *testing.T) {
	g := play(t, "a", "b", "c")
	g.Event("a", wire.Event{Type: wire.TypeStart})
	g.Gone("b")
	if got := g.Missing(); len(got) != 1 || got[0] != "c" {
		t.Errorf("%q", got)
	}
}

func TestBarriersAreBounded(t *testing.T) {
	g := play(t, "a", "b")
	for i := range 10 * maxBarriers {
		g.join("a", fmt.Sprint(i))
	}
	if n := strings.Count(g.heard["a"].String(), "refuse"); n != 9*maxBarriers {
		t.Errorf("%d refused", n)
	}
	g = play(t, "a", "b")
	g.join("a", "no good name")
	g.hears("a", "refuse no good name more than 256 barriers, or a bad name")
}

func TestMailbox(t *testing.T) {
	b := NewMailbox()
	text := []byte(strings.Repeat("all the mail ", 1000))
	b.Write(text)
	if err := iotest.TestReader(io.LimitReader(b, int64(len(text))), text); err != nil {
		t.Error(err)
	}
	n := 0
	for ; n < 10; n++ {
		if _, err := b.Write(make([]byte, maxMail/4)); err != nil {
			break
		}
	}
	if n != 4 {
		t.Errorf("%d quarters fit in", n)
	}
	ended := make(chan error)
	c := NewMailbox()
	go func() { _, err := c.Read(make([]byte, 1)); ended <- err }()
	c.Close()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("a closed mailbox says %v", err)
	}
	if _, err := c.Write([]byte("x")); err == nil {
		t.Error("a closed mailbox takes mail")
	}
}
