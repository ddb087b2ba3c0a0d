// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// maxStations bounds the table of addresses. A guest that sends from more of them
// has its frames flooded to all ports.
const maxStations = 1024

// Recorder takes every frame that came in, once, in the order in which the switch
// passed them on.
type Recorder interface {
	// Record is called with the number of the port that sent the frame, counted from
	// 0 in the order of Attach. It must not keep frame.
	Record(port int, at time.Time, frame []byte)
}

// Stats counts what happened at one port.
type Stats struct {
	// FramesIn and BytesIn came from the guest and were passed on.
	FramesIn int64 `json:"frames_in"`
	BytesIn  int64 `json:"bytes_in"`
	// FramesOut and BytesOut were written to the guest.
	FramesOut int64 `json:"frames_out"`
	BytesOut  int64 `json:"bytes_out"`
	// Dropped were lost because the guest did not read fast enough.
	Dropped int64 `json:"dropped,omitempty"`
	// Odd came from the guest and were no frames: shorter than a header, longer than
	// MaxFrame, or from a group address.
	Odd int64 `json:"odd,omitempty"`
	// Truncated is 1 when the guest's stream ended within a frame.
	Truncated int64 `json:"truncated,omitempty"`
}

// Switch connects guests. Its methods may be called from several goroutines.
type Switch struct {
	mu       sync.Mutex
	ports    []*Port
	stations map[[6]byte]*Port
	rec      Recorder
	closed   bool
	running  sync.WaitGroup
}

// Port is one guest's cable.
type Port struct {
	number int
	conn   io.ReadWriteCloser
	out    *queue
	// read is closed when the guest's stream has been read to its end.
	read chan struct{}
	// The switch's mutex guards what follows.
	stats Stats
	up    bool
	err   error
}

// New returns a switch without ports. rec may be nil.
func New(rec Recorder) *Switch {
	return &Switch{stations: map[[6]byte]*Port{}, rec: rec}
}

// Attach plugs in a guest: conn carries frames with four bytes of length before
// each, as QEMU's stream network does. Closing conn must wake a Read and a Write that
// wait. The switch closes conn itself when it ends.
func (s *Switch) Attach(conn io.ReadWriteCloser) *Port {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &Port{number: len(s.ports), conn: conn, out: newQueue(), read: make(chan struct{}), up: !s.closed}
	s.ports = append(s.ports, p)
	if s.closed {
		close(p.read)
		conn.Close()
		return p
	}
	s.running.Go(func() {
		defer close(p.read)
		s.read(p)
	})
	s.running.Go(func() { s.write(p) })
	return p
}

// Drain waits until every guest's stream has been read to its end, which comes when
// the last process that had the guest's end of the cable is gone; what waits in the
// sockets until then is passed on and recorded. It waits no longer than limit and
// returns the ports whose streams had not ended by then.
func (s *Switch) Drain(limit time.Duration) (late []*Port) {
	s.mu.Lock()
	ports := slices.Clone(s.ports)
	s.mu.Unlock()
	over := time.NewTimer(limit)
	defer over.Stop()
	for _, p := range ports {
		select {
		case <-p.read:
			continue
		default:
		}
		select {
		case <-p.read:
		case <-over.C:
			late = append(late, p)
			over.Reset(0) // for the next one, which may have ended all the same
		}
	}
	return late
}

// Close pulls all cables and returns when nothing runs any more. What was not read
// until then is lost: see Drain.
func (s *Switch) Close() {
	s.mu.Lock()
	s.closed = true
	for _, p := range s.ports {
		p.out.close()
		p.conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Stats returns what was counted at a port so far.
func (s *Switch) Stats(p *Port) Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.stats
}

// Err returns why the port's stream could not be read to its end: ErrStream, or nil.
func (s *Switch) Err(p *Port) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.err
}

// read passes on what a guest sends until its stream ends.
func (s *Switch) read(p *Port) {
	frames := newFrameReader(p.conn)
	for {
		frame, err := frames.next()
		var odd errOdd
		switch {
		case err == nil:
			s.forward(p, frame)
		case errors.As(err, &odd):
			s.count(func() { p.stats.Odd++ })
		default:
			s.unplug(p, err)
			return
		}
	}
}

// unplug forgets a guest whose stream has ended. What waits for it is lost.
func (s *Switch) unplug(p *Port, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, ErrStream):
		p.err = err
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.stats.Truncated++
	}
	p.up = false
	for address, at := range s.stations {
		if at == p {
			delete(s.stations, address)
		}
	}
	p.out.close()
	p.conn.Close()
}

func (s *Switch) count(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// forward sends a frame to where it belongs: to the port of its address, or to all
// others when the address is a group or not known.
func (s *Switch) forward(from *Port, frame []byte) {
	to, source := [6]byte(frame[:6]), [6]byte(frame[6:12])
	s.mu.Lock()
	defer s.mu.Unlock()
	if source[0]&1 != 0 {
		from.stats.Odd++
		return
	}
	from.stats.FramesIn++
	from.stats.BytesIn += int64(len(frame))
	if s.rec != nil {
		s.rec.Record(from.number, time.Now(), frame)
	}
	if _, known := s.stations[source]; known || len(s.stations) < maxStations {
		s.stations[source] = from
	}
	var copied []byte
	send := func(p *Port) {
		if p == from || !p.up {
			return
		}
		if copied == nil {
			copied = framed(frame)
		}
		if !p.out.put(copied) {
			p.stats.Dropped++
		}
	}
	if p, known := s.stations[to]; known && to[0]&1 == 0 {
		send(p)
		return
	}
	for _, p := range s.ports {
		send(p)
	}
}

// write passes to a guest what waits for it.
func (s *Switch) write(p *Port) {
	for {
		frames, ok := p.out.take()
		if !ok {
			return
		}
		// One system call for all of them: under emulation each one counts.
		var bytes, n int64 = 0, int64(len(frames))
		batch := net.Buffers(frames)
		for _, f := range frames {
			bytes += int64(len(f) - prefixSize)
		}
		if _, err := batch.WriteTo(p.conn); err != nil {
			// The guest is gone; its reader says so too.
			p.out.close()
			return
		}
		s.count(func() {
			p.stats.FramesOut += n
			p.stats.BytesOut += bytes
		})
	}
}
