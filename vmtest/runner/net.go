// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tidelock/tidelock/vmtest/ethernet"
	"github.com/tidelock/tidelock/vmtest/qemu"
	"github.com/tidelock/tidelock/vmtest/rendezvous"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// failGrace is how long the other guests may go on after one has failed: long enough
// for a debug kernel's last scan and its log, and shorter than most time limits.
var failGrace = 30 * time.Second

// drainTime is how long the network may take to come to its end after the last QEMU
// has: what waits in the sockets then is read within milliseconds.
var drainTime = 5 * time.Second

// link is what a machine that is one of several has more than one that is alone. A
// nil *link is one that is alone.
type link struct {
	role    string
	network *qemu.Network
	mail    *rendezvous.Mailbox
	group   *rendezvous.Group

	mu  sync.Mutex
	end func(why string)
	why string // the end was asked for before the machine ran
}

// file names an output of this machine.
func (l *link) file(name string) string {
	if l == nil {
		return name
	}
	return l.role + "." + name
}

// plug puts the network into the machine.
func (l *link) plug(m *qemu.Machine) {
	if l != nil {
		m.Name, m.Network, m.Input = l.role, l.network, l.mail
	}
}

// watch is called before the machine starts.
func (l *link) watch(ev *events, end func(why string)) {
	if l == nil {
		return
	}
	ev.also = func(e wire.Event) { l.group.Event(l.role, e) }
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = end
	if l.why != "" {
		end(l.why)
	}
}

// stop ends the machine early.
func (l *link) stop(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == "" {
		l.why = why
		if l.end != nil {
			l.end(why)
		}
	}
}

// RunNet runs a test of several guests. It always returns a result.
func RunNet(ctx context.Context, c *NetConfig, env Env) *NetResult {
	r := &NetResult{Schema: 1, Name: c.Name, Kernel: c.kernels()}
	var interfaces []ethernet.Interface
	var members []rendezvous.Member
	links := make([]*link, len(c.Roles))
	for i, role := range c.Roles {
		interfaces = append(interfaces, ethernet.Interface{Name: role.Role, Description: role.Guest.Kernel})
		l := &link{role: role.Role, mail: rendezvous.NewMailbox()}
		links[i] = l
		enc := wire.NewEncoder(l.mail)
		members = append(members, rendezvous.Member{
			Role: role.Role, Background: role.Background, Last: lastProgram(role.Guest.Programs),
			// A mailbox that is full belongs to a guest that does not listen: its
			// numbers show the gap if it ever does.
			Send: func(ev wire.Event) { enc.Send(ev) },
		})
	}
	done := make(chan struct{})
	failed := make(chan struct{})
	group := rendezvous.New(members, func() { close(failed) })
	record, err := newRecord(env.Out, interfaces)
	if err != nil {
		r.broken = err
		return r.judge(c, group)
	}
	net := ethernet.New(record.capture)
	ports := make([]*ethernet.Port, len(links))
	for i, l := range links {
		ours, theirs, err := ethernet.Cable()
		if err != nil {
			r.broken = err
			net.Close()
			record.close()
			return r.judge(c, group)
		}
		l.network = &qemu.Network{MAC: c.Roles[i].MAC, Cable: theirs}
		l.group = group
		ports[i] = net.Attach(ours)
	}
	begin := time.Now()
	var running sync.WaitGroup
	r.Roles = make([]*RoleResult, len(links))
	show := &shared{w: env.Show}
	for i, l := range links {
		running.Go(func() {
			own := env
			own.link, own.Show = l, show.of(l.role)
			role := &c.Roles[i]
			r.Roles[i] = &RoleResult{Role: role.Role, Background: role.Background, Result: Run(ctx, &role.Guest, own)}
			l.network.Cable.Close() // if QEMU was never started
			l.mail.Close()
			group.Gone(l.role)
		})
	}
	var leash sync.WaitGroup
	leash.Go(func() { r.leash(c, env, links, group, failed, done) })
	running.Wait()
	close(done)
	leash.Wait()
	show.end()
	r.Seconds = time.Since(begin).Seconds()
	late := net.Drain(drainTime)
	net.Close()
	var lost int64
	for i := range links {
		r.Roles[i].Network = net.Stats(ports[i])
		r.Roles[i].streamErr = net.Err(ports[i])
		r.Roles[i].outcome = group.Outcome(c.Roles[i].Role)
		lost += r.Roles[i].Network.Odd + r.Roles[i].Network.Truncated
	}
	r.Wire, r.broken = record.read(c)
	r.Wire.Lost = lost
	for i, p := range ports {
		if slices.Contains(late, p) {
			r.Wire.Late = append(r.Wire.Late, c.Roles[i].Role)
		}
	}
	return r.judge(c, group)
}

// leash ends guests early: one that does not boot within three quarters of the time limit, and
// all that are left some time after one has failed.
func (r *NetResult) leash(c *NetConfig, env Env, links []*link, group *rendezvous.Group, failed, done chan struct{}) {
	limit := time.Duration(c.timeout()) * time.Second
	if env.Limit > 0 {
		limit = min(limit, max(env.Limit-margin, env.Limit/2))
	}
	boot := time.After(limit * 3 / 4)
	var grace <-chan time.Time
	last := false
	for {
		select {
		case <-done:
			return
		case <-boot:
			for _, l := range links {
				if slices.Contains(group.Missing(), l.role) {
					group.Fail(l.role, "gives no sign of life")
					l.stop("no sign of life from init within three quarters of the time limit")
				}
			}
		case <-failed:
			failed = nil
			grace = time.After(failGrace)
		case <-grace:
			// Who only has to say his last words gets more time for them: the one
			// to blame is among those.
			for _, l := range links {
				if last || slices.Contains(group.Running(), l.role) {
					l.stop(endedEarly)
				}
			}
			last = true
			grace = time.After(failGrace)
		}
	}
}

// endedEarly is the title of a guest that was ended because another had failed.
const endedEarly = "ended by the runner after another role had failed"

// lastProgram is the name of the program with which a role is done.
func lastProgram(list []wire.Program) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1].Name
}

// shared lets several guests print to one writer, whole lines with the role in front.
type shared struct {
	mu    sync.Mutex
	w     io.Writer
	lines []*roleLines
}

type roleLines struct {
	*shared
	role string
	open []byte
}

func (s *shared) of(role string) io.Writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &roleLines{shared: s, role: role}
	s.lines = append(s.lines, l)
	return l
}

func (l *roleLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range p {
		l.open = append(l.open, c)
		if c == '\n' || len(l.open) >= 64<<10 {
			l.flush()
		}
	}
	return len(p), nil
}

func (l *roleLines) flush() {
	if n := len(l.open); n > 0 {
		if l.open[n-1] != '\n' {
			l.open = append(l.open, '\n')
		}
		fmt.Fprintf(l.w, "[%s] %s", l.role, l.open)
		l.open = l.open[:0]
	}
}

// end prints lines that nobody ended.
func (s *shared) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		l.flush()
	}
}
