// SPDX-License-Identifier: Apache-2.0

// Package rendezvous lets the guests of one test wait for each other. It stands in
// the runner, which sees every guest's events and its end: a guest that dies can keep
// nobody waiting, and the network under test has no part in it.
package rendezvous

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// maxBarriers bounds what a guest can make the runner remember.
const maxBarriers = 256

// Member is one role.
type Member struct {
	// Role is its name.
	Role string
	// Background marks a role whose program is ended when the others are done.
	Background bool
	// Last is the name of its last program.
	Last string
	// Send passes an event to the guest. It must not wait.
	Send func(wire.Event)
}

// Outcome is what the group knows of a role at the end.
type Outcome struct {
	// Failed says what the role did wrong as the others saw it, or is empty.
	Failed string
	// Order is 1 for the role that failed first, then 2, …; 0 has not failed.
	Order int
	// Waiting is the barrier at which the role stood when it or its peers came to
	// their end, or is empty.
	Waiting string
}

// member is a Member and what is known of it.
type member struct {
	Member
	joined   map[string]bool
	started  bool
	finished bool   // its programs have ended
	gone     bool   // its machine has ended
	refused  string // where it was refused and has not moved since
	failed   string
	order    int
}

// Group is the roles of one test. Its methods may be called from several goroutines.
type Group struct {
	mu       sync.Mutex
	members  []*member
	released map[string]bool
	failures int
	stopped  bool
	onFail   func()
}

// New returns the group of a test. onFail is called once, when the first role has
// failed; it must not call the group.
func New(members []Member, onFail func()) *Group {
	g := &Group{released: map[string]bool{}, onFail: onFail}
	for _, m := range members {
		g.members = append(g.members, &member{Member: m, joined: map[string]bool{}})
	}
	return g
}

// Event takes an event of a role's guest.
func (g *Group) Event(role string, ev wire.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.member(role)
	if ev.Type == wire.TypeBarrier || ev.Type == wire.TypeExit {
		m.refused = ""
	}
	switch {
	case ev.Type == wire.TypeStart:
		m.started = true
	case ev.Type == wire.TypeBarrier:
		g.join(m, ev.Text)
	case ev.Type == wire.TypeExit && ev.Program == m.Last:
		g.exit(m, ev)
	case ev.Type == wire.TypeDone && !m.finished:
		m.finished = true
		g.fail(m, "has ended without its program: "+ev.Error)
	}
}

// Gone notes that a role's machine has ended.
func (g *Group) Gone(role string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.member(role)
	m.gone = true
	if !m.finished {
		g.fail(m, "has ended before its program")
	}
}

// Fail notes that the runner gave up on a role.
func (g *Group) Fail(role, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail(g.member(role), why)
}

// Missing lists the roles whose init has not reported yet.
func (g *Group) Missing() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var roles []string
	for _, m := range g.members {
		if !m.started && !m.gone {
			roles = append(roles, m.Role)
		}
	}
	return roles
}

// Running lists the roles whose programs have not ended.
func (g *Group) Running() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var roles []string
	for _, m := range g.members {
		if !m.finished && !m.gone {
			roles = append(roles, m.Role)
		}
	}
	return roles
}

// Outcome returns what is known of a role.
func (g *Group) Outcome(role string) Outcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.member(role)
	o := Outcome{Failed: m.failed, Order: m.order}
	var waiting []string
	if m.refused != "" {
		waiting = append(waiting, m.refused)
	}
	for name := range m.joined {
		if !g.released[name] {
			waiting = append(waiting, name)
		}
	}
	slices.Sort(waiting)
	o.Waiting = strings.Join(waiting, ", ")
	return o
}

func (g *Group) member(role string) *member {
	for _, m := range g.members {
		if m.Role == role {
			return m
		}
	}
	panic("rendezvous: no role " + role) // the runner made the list itself
}

// join brings a role to a barrier.
func (g *Group) join(m *member, name string) {
	if m.joined[name] {
		return
	}
	if len(m.joined) >= maxBarriers || !wire.ValidName(name) {
		m.Send(wire.Event{Type: wire.TypeRefuse, Text: name, Error: fmt.Sprintf("more than %d barriers, or a bad name", maxBarriers)})
		return
	}
	m.joined[name] = true
	g.settle(name)
}

// settle answers those who stand at a barrier, if there is an answer.
func (g *Group) settle(name string) {
	if g.released[name] {
		// All have been here, so nobody is left to come or to be told.
		return
	}
	all := true
	for _, m := range g.members {
		if m.joined[name] {
			continue
		}
		all = false
		if m.finished && m.failed == "" {
			g.fail(m, "has ended without coming to the barrier "+name)
			return // which has settled this barrier too
		}
	}
	if all {
		g.answer(name, wire.Event{Type: wire.TypeRelease, Text: name})
		return
	}
	if why := g.failure(); why != "" {
		g.answer(name, wire.Event{Type: wire.TypeRefuse, Text: name, Error: why})
	}
}

// answer tells all who stand at a barrier.
func (g *Group) answer(name string, ev wire.Event) {
	for _, m := range g.members {
		if m.joined[name] && !m.gone {
			m.Send(ev)
		}
	}
	if ev.Type == wire.TypeRelease {
		g.released[name] = true
		return
	}
	// Nobody will be released here; who comes later is refused as well.
	for _, m := range g.members {
		if m.joined[name] {
			delete(m.joined, name)
			m.refused = name
		}
	}
}

// failure describes the first failure.
func (g *Group) failure() string {
	for _, m := range g.members {
		if m.order == 1 {
			return "role " + m.Role + " " + m.failed
		}
	}
	return ""
}

// exit notes the end of a role's last program.
func (g *Group) exit(m *member, ev wire.Event) {
	if m.finished {
		return
	}
	m.finished = true
	switch {
	case ev.Error != "":
		g.fail(m, "could not run its program: "+ev.Error)
	case ev.Signal != "" && !(ev.Stopped && ev.Signal == "SIGTERM"):
		g.fail(m, "was ended by "+ev.Signal)
	case ev.Exit != 0 && ev.Signal == "":
		g.fail(m, fmt.Sprintf("has ended with exit status %d", ev.Exit))
	case m.Background && !g.stopped:
		g.fail(m, "has ended before the others were done")
	}
	for _, name := range g.open() {
		g.settle(name)
	}
	for _, other := range g.members {
		if !other.Background && !other.finished {
			return
		}
	}
	g.stop()
}

// open lists the barriers at which somebody waits.
func (g *Group) open() []string {
	var names []string
	for _, m := range g.members {
		for name := range m.joined {
			if !g.released[name] && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// fail notes a failure: nobody waits for this role any more.
func (g *Group) fail(m *member, why string) {
	if m.failed != "" {
		return
	}
	g.failures++
	m.failed, m.order = strings.TrimSuffix(why, ": "), g.failures
	for _, name := range g.open() {
		g.settle(name)
	}
	if g.failures == 1 {
		g.stop()
		if g.onFail != nil {
			g.onFail()
		}
	}
}

// stop ends the programs of the roles in the background.
func (g *Group) stop() {
	if g.stopped {
		return
	}
	g.stopped = true
	for _, m := range g.members {
		if m.Background && !m.gone {
			m.Send(wire.Event{Type: wire.TypeStop})
		}
	}
}
