// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// station is a guest of the switch, played over a real cable.
type station struct {
	*testing.T
	net.Conn
	port *Port
	in   *frameReader
}

// plug attaches a guest.
func plug(t *testing.T, s *Switch) *station {
	t.Helper()
	ours, theirs, err := Cable()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	conn, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &station{t, conn, s.Attach(ours), newFrameReader(conn)}
}

// frame makes a frame between two stations, who are numbers; 255 is everybody.
func frame(to, from byte, text string) []byte {
	f := make([]byte, 14, 14+len(text))
	for i, n := range []byte{to, from} {
		address := [6]byte{0x52, 0x54, 0, 0, 0, n}
		if n == 255 {
			address = [6]byte{255, 255, 255, 255, 255, 255}
		}
		copy(f[6*i:], address[:])
	}
	return append(f, text...)
}

func (s *station) send(f []byte) {
	s.Helper()
	if _, err := s.Write(framed(f)); err != nil {
		s.Error(err)
	}
}

// hears checks that the next frame has this text.
func (s *station) hears(text string) {
	s.Helper()
	s.SetReadDeadline(time.Now().Add(10 * time.Second))
	f, err := s.in.next()
	if err != nil || string(f[14:]) != text {
		s.Errorf("heard %q, %v, want %q", f, err, text)
	}
}

// silent checks that nothing waits: a frame of its own neighbour would come later.
func (s *station) silent() {
	s.Helper()
	s.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if f, err := s.in.next(); err == nil {
		s.Errorf("heard %q, want silence", f)
	}
}

// memory is a Recorder.
type memory struct {
	mu     sync.Mutex
	frames []Packet
}

func (m *memory) Record(port int, at time.Time, frame []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frames = append(m.frames, Packet{Interface: port, Time: at, Frame: bytes.Clone(frame)})
}

func TestSwitchLearns(t *testing.T) {
	rec := &memory{}
	s := New(rec)
	defer s.Close()
	a, b, c := plug(t, s), plug(t, s), plug(t, s)
	a.send(frame(2, 1, "where is two"))
	b.hears("where is two")
	c.hears("where is two") // nobody knows yet
	b.send(frame(1, 2, "here"))
	a.hears("here")
	a.send(frame(2, 1, "only for two"))
	b.hears("only for two")
	a.send(frame(255, 1, "all"))
	b.hears("all")
	c.hears("all")
	c.silent()
	a.silent() // nobody hears himself
	// A station that moves is found at its new port.
	c.send(frame(1, 2, "two has moved"))
	a.hears("two has moved")
	a.send(frame(2, 1, "to the new place"))
	c.hears("to the new place")
	b.silent()
	s.Close() // all is counted then
	if n := len(rec.frames); n != 6 || rec.frames[1].Interface != 1 || string(rec.frames[1].Frame[14:]) != "here" {
		t.Errorf("recorded %d: %v", n, rec.frames)
	}
	if st := s.Stats(a.port); st.FramesIn != 4 || st.FramesOut != 2 || st.BytesOut != 14*2+4+13 {
		t.Errorf("%+v", st)
	}
}

func TestSwitchCountsOddFrames(t *testing.T) {
	s := New(nil)
	defer s.Close()
	a, b := plug(t, s), plug(t, s)
	for _, size := range []int{0, 1, 13, MaxFrame + 1, maxPrefix} {
		prefix := binary.BigEndian.AppendUint32(nil, uint32(size))
		if _, err := a.Write(append(prefix, make([]byte, size)...)); err != nil {
			t.Fatal(err)
		}
	}
	group := frame(2, 1, "from a group")
	group[6] |= 1
	a.send(group)
	a.send(frame(2, 1, "still in step"))
	b.hears("still in step")
	if st := s.Stats(a.port); st.Odd != 6 || st.FramesIn != 1 || s.Err(a.port) != nil {
		t.Errorf("%+v, %v", st, s.Err(a.port))
	}
}

func TestSwitchGivesUpOnAStreamOutOfStep(t *testing.T) {
	s := New(nil)
	a, b, c := plug(t, s), plug(t, s), plug(t, s)
	a.Write([]byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3})
	a.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := a.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the cable was not pulled: %v", err)
	}
	b.send(frame(255, 2, "the others go on"))
	c.hears("the others go on")
	s.Close()
	if err := s.Err(a.port); !errors.Is(err, ErrStream) {
		t.Errorf("error %v", err)
	}
	if s.Err(b.port) != nil {
		t.Error(s.Err(b.port))
	}
}

func TestSwitchEndsWithItsGuests(t *testing.T) {
	s := New(nil)
	a, b := plug(t, s), plug(t, s)
	a.send(frame(2, 1, "x"))
	b.hears("x")
	a.Write([]byte{0, 0, 0, 100, 1, 2, 3}) // the machine ends in the middle of a frame
	a.Close()
	// Its address is forgotten: nobody sends into the void and blocks there.
	for deadline := time.Now().Add(10 * time.Second); s.Stats(a.port).Truncated == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", s.Stats(a.port))
		}
	}
	s.mu.Lock()
	if len(s.stations) != 0 || a.port.up {
		t.Errorf("%d addresses are left", len(s.stations))
	}
	s.mu.Unlock()
	s.Close()
	s.Close() // twice does no harm
	if p := plug(t, s); s.Stats(p.port) != (Stats{}) {
		t.Error("a closed switch counts")
	}
}

// slow is a Recorder that cannot keep up with its guests.
type slow struct {
	memory
	pause time.Duration
}

func (s *slow) Record(port int, at time.Time, frame []byte) {
	time.Sleep(s.pause)
	s.memory.Record(port, at, frame)
}

// What a guest has sent is recorded although it is gone, and although it left behind
// what it had not read itself.
func TestDrainReadsWhatIsLeft(t *testing.T) {
	rec := &slow{pause: time.Millisecond}
	s := New(rec)
	a, b := plug(t, s), plug(t, s)
	const count = 100
	for range count {
		a.send(frame(255, 1, "to all"))
		b.send(frame(255, 2, "to all"))
	}
	a.Write([]byte{0, 0}) // cut off within a length
	for deadline := time.Now().Add(time.Minute); s.Stats(a.port).FramesOut == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing came to the guest")
		}
	}
	a.Close() // without having read it
	b.Close()
	late := s.Drain(time.Minute)
	s.Close()
	if len(late) > 0 || len(rec.frames) != 2*count {
		t.Errorf("%d ports late, %d frames recorded, want %d", len(late), len(rec.frames), 2*count)
	}
	if st := s.Stats(a.port); st.Truncated != 1 {
		t.Errorf("%+v", st)
	}
	if late := s.Drain(time.Minute); len(late) > 0 {
		t.Error("a closed switch is not drained")
	}
}

func TestDrainNamesWhoDoesNotEnd(t *testing.T) {
	s := New(nil)
	defer s.Close()
	a, b, c := plug(t, s), plug(t, s), plug(t, s)
	b.Close()
	begin := time.Now()
	late := s.Drain(100 * time.Millisecond)
	if len(late) != 2 || late[0] != a.port || late[1] != c.port || time.Since(begin) > 10*time.Second {
		t.Errorf("%d late after %v", len(late), time.Since(begin))
	}
}

// A guest that floods another that does not read: frames are dropped and counted,
// memory stays bounded, and a third pair is served.
func TestSwitchBoundsAFlood(t *testing.T) {
	s := New(nil)
	a, b, c := plug(t, s), plug(t, s), plug(t, s)
	b.send(frame(255, 2, "I am two"))
	a.hears("I am two")
	c.hears("I am two")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	big := framed(frame(2, 1, strings.Repeat("x", 60000)))
	for range 2000 { // 120 MB, fifteen times what may wait
		if _, err := a.Write(big); err != nil {
			t.Fatal(err)
		}
	}
	c.send(frame(1, 3, "hello"))
	a.hears("hello")
	runtime.GC()
	runtime.ReadMemStats(&after)
	st := s.Stats(b.port)
	if st.Dropped < 1000 || st.Dropped > 2000 {
		t.Errorf("%+v", st)
	}
	if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > 3*maxQueue {
		t.Errorf("%d bytes more in use", more)
	}
	done := make(chan bool)
	go func() { s.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Close hangs on a guest that does not read")
	}
}

func TestSwitchBoundsItsTable(t *testing.T) {
	s := New(nil)
	defer s.Close()
	a, b := plug(t, s), plug(t, s)
	for i := range 3 * maxStations {
		f := frame(255, 1, "")
		binary.BigEndian.PutUint16(f[8:], uint16(i))
		a.send(f)
	}
	a.send(frame(255, 1, "end"))
	for {
		b.SetReadDeadline(time.Now().Add(10 * time.Second))
		f, err := b.in.next()
		if err != nil {
			t.Fatal(err)
		}
		if string(f[14:]) == "end" {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.stations) != maxStations {
		t.Errorf("%d addresses", len(s.stations))
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(append(framed(frame(1, 2, "hello")), framed(frame(2, 1, ""))...), 3)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 13, 1, 2, 3}, 1)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, 4)
	f.Add([]byte{0, 1, 0, 1}, 2)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		// The frames must not depend on how the socket cut the bytes, and every byte is
		// accounted for when the stream ends between two frames.
		read := func(r io.Reader) (string, int, error) {
			var out strings.Builder
			frames, used := newFrameReader(r), 0
			for {
				frame, err := frames.next()
				var odd errOdd
				switch {
				case errors.As(err, &odd):
					used += prefixSize + odd.size
				case err != nil:
					return out.String(), used, err
				case len(frame) < minFrame || len(frame) > MaxFrame:
					t.Fatalf("a frame of %d bytes", len(frame))
				default:
					used += prefixSize + len(frame)
					out.Write(framed(frame))
				}
			}
		}
		a, used, err := read(bytes.NewReader(data))
		if err == io.EOF && used != len(data) || used > len(data) {
			t.Errorf("%d bytes of %d, %v", used, len(data), err)
		}
		b, _, err2 := read(&pieces{data, size%17 + 1})
		if a != b || err.Error() != err2.Error() {
			t.Errorf("%q, %v and %q, %v", a, err, b, err2)
		}
	})
}

// pieces reads a few bytes at a time.
type pieces struct {
	data []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(max(p.size, 1), len(p.data))])
	p.data = p.data[n:]
	return n, nil
}
