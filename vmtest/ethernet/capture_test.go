// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var twoInterfaces = []Interface{{"server", "debian/x86_64/6.12"}, {"client", ""}}

// record writes packets and returns the file.
func record(t *testing.T, packets []Packet, limit int64) (*Capture, []byte) {
	t.Helper()
	var file bytes.Buffer
	c := NewCapture(&file, twoInterfaces, limit)
	for _, p := range packets {
		c.Record(p.Interface, p.Time, p.Frame)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c, file.Bytes()
}

func somePackets() []Packet {
	begin := time.Unix(1800000000, 123456789)
	return []Packet{
		{Interface: 0, Time: begin, Frame: frame(255, 1, "one")},
		{Interface: 1, Time: begin.Add(1), Frame: frame(1, 2, "four")},
		{Interface: 1, Time: begin.Add(time.Hour), Frame: frame(1, 2, strings.Repeat("long", 16000))},
	}
}

func TestCaptureIsReadBack(t *testing.T) {
	want := somePackets()
	_, file := record(t, want, 1<<20)
	interfaces, packets, err := ReadCapture(bytes.NewReader(file))
	if err != nil || !reflect.DeepEqual(interfaces, twoInterfaces) {
		t.Fatalf("%v, %v", interfaces, err)
	}
	if !slices.EqualFunc(packets, want, func(a, b Packet) bool {
		return a.Interface == b.Interface && a.Time.Equal(b.Time) && bytes.Equal(a.Frame, b.Frame)
	}) {
		t.Errorf("%d packets differ from the %d recorded", len(packets), len(want))
	}
}

// What another reader would see, byte for byte, of a small file.
func TestCaptureFormat(t *testing.T) {
	_, file := record(t, []Packet{{Interface: 1, Time: time.Unix(1, 2), Frame: frame(2, 1, "abc")}}, 1<<20)
	section := []byte{
		0x0a, 0x0d, 0x0d, 0x0a, 44, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
		255, 255, 255, 255, 255, 255, 255, 255, 4, 0, 6, 0, 'v', 'm', 't', 'e', 's', 't', 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
	}
	if !bytes.HasPrefix(file, section) {
		t.Errorf("section % x", file[:48])
	}
	// Timestamp 1 s and 2 ns, in two halves; 17 bytes padded to 20.
	packet := []byte{6, 0, 0, 0, 52, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x02, 0xca, 0x9a, 0x3b, 17, 0, 0, 0, 17, 0, 0, 0}
	packet = append(packet, frame(2, 1, "abc")...)
	packet = append(packet, 0, 0, 0, 52, 0, 0, 0)
	if !bytes.HasSuffix(file, packet) {
		t.Errorf("packet % x", file[len(file)-52:])
	}
}

func TestCaptureStopsAtItsLimit(t *testing.T) {
	c, file := record(t, slices.Repeat(somePackets()[:2], 100), 2000)
	_, packets, err := ReadCapture(bytes.NewReader(file))
	if err != nil || len(file) > 2000 || len(packets) == 0 || int64(len(packets))+c.Unrecorded() != 200 {
		t.Errorf("%d bytes, %d packets, %d unrecorded, %v", len(file), len(packets), c.Unrecorded(), err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestCaptureSaysThatTheDiskIsFull(t *testing.T) {
	c := NewCapture(fullDisk{}, nil, 1<<20)
	for range 100 {
		c.Record(0, time.Now(), make([]byte, 10000))
	}
	if err := c.Close(); err == nil || !strings.Contains(err.Error(), "disk full") || c.Unrecorded() == 0 {
		t.Errorf("%v, %d unrecorded", err, c.Unrecorded())
	}
}

func TestReadCaptureRefuses(t *testing.T) {
	_, good := record(t, somePackets()[:2], 1<<20)
	change := func(at int, to byte) []byte { b := bytes.Clone(good); b[at] = to; return b }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":     {nil, "EOF"},
		"text":      {[]byte("this is not a capture at all"), "a length of"},
		"cut":       {good[:len(good)-5], "unexpected EOF"},
		"order":     {change(8, 0), "no little-endian pcapng"},
		"lengths":   {change(40, 48), "two lengths differ"},
		"interface": {change(len(good)-4*13+8, 9), "on interface 9 of 2"},
		"longer":    {change(len(good)-4*13+24, 3), "a packet of 3 bytes of which 18 were recorded"},
	} {
		if _, _, err := ReadCapture(bytes.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// tcp makes a frame of TCP over IPv4 or IPv6.
func tcp(six bool, seq uint32, flags byte, text string) []byte {
	head := make([]byte, 20)
	binary.BigEndian.PutUint16(head, 40000)
	binary.BigEndian.PutUint16(head[2:], 443)
	binary.BigEndian.PutUint32(head[4:], seq)
	head[12], head[13] = 5<<4, flags
	head = append(head, text...)
	var ip []byte
	f := frame(2, 1, "")
	if six {
		ip = make([]byte, 40)
		ip[0], ip[6], ip[8], ip[24], ip[39] = 6<<4, protoTCP, 0xfd, 0xfd, 2
		binary.BigEndian.PutUint16(ip[4:], uint16(len(head)))
		binary.BigEndian.PutUint16(f[12:], etherIPv6)
	} else {
		ip = make([]byte, 20)
		ip[0], ip[9], ip[12], ip[16], ip[19] = 0x45, protoTCP, 10, 10, 2
		binary.BigEndian.PutUint16(ip[2:], uint16(20+len(head)))
		binary.BigEndian.PutUint16(f[12:], etherIPv4)
	}
	f = append(append(f, ip...), head...)
	return append(f, 0, 0, 0) // what a device pads is no payload
}

func TestConversations(t *testing.T) {
	wrap := uint32(0xfffffffe) // the first byte has number ffffffff
	var packets []Packet
	for _, f := range [][]byte{
		tcp(false, wrap, tcpSYN, ""),
		tcp(false, wrap, tcpSYN, ""),         // sent again
		tcp(false, wrap+1+6, 0, "world"),     // overtakes
		tcp(false, wrap+1, 0, "hello "),      // wraps around
		tcp(false, wrap+1+3, 0, "lo wor"),    // sent again, cut otherwise
		tcp(false, wrap+1+1, 0, "ello"),      // sent again, all of it known
		tcp(false, wrap+1+20, 0, "after it"), // something is missing before
		tcp(true, 7, 0, "no SYN seen"),
		tcp(false, 99, tcpSYN, ""), // the same ports again
		tcp(false, 100, 0, "second connection"),
		frame(1, 2, "something else"),
	} {
		packets = append(packets, Packet{Frame: f})
	}
	four := Said{"tcp", netip.MustParseAddrPort("10.0.0.0:40000"), netip.MustParseAddrPort("10.0.0.2:443"), [][]byte{[]byte("hello world"), []byte("after it")}}
	again := four
	again.Pieces = [][]byte{[]byte("second connection")}
	six := Said{"tcp", netip.MustParseAddrPort("[fd00::]:40000"), netip.MustParseAddrPort("[fd00::2]:443"), [][]byte{[]byte("no SYN seen")}}
	if got, unread := Conversations(packets); unread != (Unread{}) || !reflect.DeepEqual(got, []Said{four, six, again}) {
		t.Errorf("%+v, %v\nwant %+v", got, unread, []Said{four, six, again})
	}
	f := Search(packets, []string{"hello world", "something else", "o world, a", "missing"})
	if want := map[string]bool{"hello world": true, "something else": true}; !reflect.DeepEqual(f.Found, want) {
		t.Errorf("found %v", f.Found)
	}
	if want := int64(len("hello world" + "after it" + "no SYN seen" + "second connection")); f.Payload != want {
		t.Errorf("payload %d, want %d", f.Payload, want)
	}
}

func FuzzReadCapture(f *testing.F) {
	var file bytes.Buffer
	c := NewCapture(&file, twoInterfaces, 1<<20)
	for _, frame := range [][]byte{tcp(false, 1, tcpSYN, ""), tcp(true, 2, 0, "hello")} {
		c.Record(1, time.Unix(1, 2), frame)
	}
	c.Close()
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		_, packets, err := ReadCapture(bytes.NewReader(data))
		if err == nil {
			Search(packets, []string{"hello"})
		}
	})
}

func FuzzConversations(f *testing.F) {
	f.Add(tcp(false, 1, tcpSYN, "x"), tcp(false, 2, 0, "hello"))
	f.Add(tcp(true, 1, 0, "x"), tcp(true, 1<<31, 0, "far away"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		size := int64(0)
		packets := []Packet{{Frame: a}, {Frame: b}, {Frame: a}}
		for _, p := range packets {
			size += int64(len(p.Frame))
		}
		if found := Search(packets, []string{"x"}); found.Payload > size || found.Unread.Sum() > int64(len(packets)) {
			t.Errorf("%d bytes of payload in %d bytes, %d of %d frames unread", found.Payload, size, found.Unread.Sum(), len(packets))
		}
	})
}
