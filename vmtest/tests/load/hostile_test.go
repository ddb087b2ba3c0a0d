// SPDX-License-Identifier: Apache-2.0

package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/tidelock/tidelock/kmod/uapi"
	"golang.org/x/sys/unix"
)

// socket is a netlink socket without a library that would mend what is sent.
type socket struct {
	fd     int
	family uint16
	seq    uint32
}

func dial(t *testing.T) *socket {
	t.Helper()
	conn, err := genetlink.Dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	family, err := conn.GetFamily(uapi.FamilyName)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		t.Fatal(err)
	}
	return &socket{fd: fd, family: family.ID}
}

// request builds a message as it should be: the cases of the tests then spoil it.
func (w *socket) request(attrs ...[]byte) []byte {
	w.seq++
	m := make([]byte, unix.NLMSG_HDRLEN+unix.GENL_HDRLEN)
	ne := binary.NativeEndian
	ne.PutUint16(m[4:], w.family)
	ne.PutUint16(m[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	ne.PutUint32(m[8:], w.seq)
	m[16] = uapi.CmdGetInfo
	m[17] = uapi.FamilyVersion
	m = append(m, slices.Concat(attrs...)...)
	ne.PutUint32(m, uint32(len(m)))
	return m
}

func attr(kind uint16, data ...byte) []byte {
	a := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
	a = binary.NativeEndian.AppendUint16(a, kind)
	a = append(a, data...)
	return append(a, make([]byte, -len(a)&3)...)
}

func u32(kind uint16, value uint32) []byte {
	return attr(kind, binary.NativeEndian.AppendUint32(nil, value)...)
}

func (w *socket) send(m []byte) error {
	return unix.Sendto(w.fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// answer waits for the acknowledgement of request seq. It returns the errno, the kernel's
// message with it, and the replies that came before.
func (w *socket) answer(seq uint32) (errno unix.Errno, text string, replies int, err error) {
	ne := binary.NativeEndian
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(w.fd, buf, 0)
		if err != nil {
			return 0, "", replies, fmt.Errorf("no answer to message %d: %w", seq, err)
		}
		for m := buf[:n]; len(m) >= unix.NLMSG_HDRLEN; {
			size := int(ne.Uint32(m))
			if size < unix.NLMSG_HDRLEN || size > len(m) {
				return 0, "", replies, fmt.Errorf("a message of %d bytes in %d", size, len(m))
			}
			msg := m[:size]
			m = m[min(len(m), (size+3)&^3):]
			if ne.Uint32(msg[8:]) != seq {
				continue
			}
			if ne.Uint16(msg[4:]) != unix.NLMSG_ERROR {
				replies++
				continue
			}
			errno := unix.Errno(-int32(ne.Uint32(msg[16:])))
			return errno, ackText(msg), replies, nil
		}
	}
}

// ackText finds the message that the kernel gives with an error.
func ackText(msg []byte) string {
	ne := binary.NativeEndian
	flags := ne.Uint16(msg[6:])
	if flags&unix.NLM_F_ACK_TLVS == 0 {
		return ""
	}
	at := unix.NLMSG_HDRLEN + 4 + unix.NLMSG_HDRLEN
	if flags&unix.NLM_F_CAPPED == 0 && ne.Uint32(msg[16:]) != 0 {
		at = unix.NLMSG_HDRLEN + 4 + (int(ne.Uint32(msg[20:]))+3)&^3 // the whole request comes back
	}
	const attrMessage = 1 // NLMSGERR_ATTR_MSG
	for at+4 <= len(msg) {
		size := int(ne.Uint16(msg[at:]))
		if size < 4 || at+size > len(msg) {
			return ""
		}
		if ne.Uint16(msg[at+2:]) == attrMessage {
			return unix.ByteSliceToString(msg[at+4 : at+size])
		}
		at += (size + 3) &^ 3
	}
	return ""
}

// alive proves that the family still answers as it should.
func (w *socket) alive() error {
	if err := w.send(w.request()); err != nil {
		return err
	}
	errno, text, replies, err := w.answer(w.seq)
	if err != nil {
		return err
	}
	if errno != 0 || replies != 1 {
		return fmt.Errorf("a plain request got %v (%s) and %d replies", errno, text, replies)
	}
	return nil
}

// Every message that is not as specified is refused with the errno and the reason that a program
// can work with, on every kernel alike.
func TestHostileMessages(t *testing.T) {
	load(t)
	w := dial(t)
	ne := binary.NativeEndian
	spoil := func(do func([]byte)) func() []byte {
		return func() []byte {
			m := w.request()
			do(m)
			return m
		}
	}
	with := func(attrs ...[]byte) func() []byte {
		return func() []byte { return w.request(attrs...) }
	}
	type testCase struct {
		name  string
		build func() []byte
		errno unix.Errno
		text  string
	}
	cases := []testCase{
		{"nothing asked", with(), 0, ""},
		{"our ABI", with(u32(uapi.AttrInfoABI, uapi.ABI)), 0, ""},
		{"our ABI twice", with(u32(uapi.AttrInfoABI, uapi.ABI), u32(uapi.AttrInfoABI, uapi.ABI)), 0, ""},
		{"an ABI to come", with(u32(uapi.AttrInfoABI, uapi.ABI+1)), unix.EPROTONOSUPPORT, "newer ABI"},
		{"the greatest ABI", with(u32(uapi.AttrInfoABI, 1<<32-1)), unix.EPROTONOSUPPORT, "newer ABI"},
		{"ABI 0", with(u32(uapi.AttrInfoABI, 0)), unix.ERANGE, "out of range"},
		{"an ABI without bytes", with(attr(uapi.AttrInfoABI)), unix.EINVAL, ""},
		{"an ABI of two bytes", with(attr(uapi.AttrInfoABI, 1, 0)), unix.EINVAL, ""},
		{"an ABI of five bytes", with(attr(uapi.AttrInfoABI, 1, 0, 0, 0, 0)), unix.EINVAL, ""},
		{"a nested ABI", with(u32(uapi.AttrInfoABI|unix.NLA_F_NESTED, 1)), unix.EINVAL, "NLA_F_NESTED"},
		{"attribute 0", with(u32(0, 1)), unix.EINVAL, ""},
		{"the attribute after the last", with(u32(uapi.AttrInfoSelftests+1, 1)), unix.EINVAL, "Unknown attribute"},
		{"the greatest attribute", with(u32(0x3fff, 1)), unix.EINVAL, "Unknown attribute"},
		{"an attribute shorter than its header", with([]byte{3, 0, uapi.AttrInfoABI, 0}), unix.EINVAL, ""},
		{"an attribute of length 0", with([]byte{0, 0, uapi.AttrInfoABI, 0}), unix.EINVAL, ""},
		{"an attribute longer than the message", with([]byte{200, 0, uapi.AttrInfoABI, 0, 1, 0, 0, 0}), unix.EINVAL, ""},
		{"bytes after the last attribute", with(u32(uapi.AttrInfoABI, 1), []byte{1, 2, 3}), unix.EINVAL, ""},
		{"command 0", spoil(func(m []byte) { m[16] = 0 }), unix.EOPNOTSUPP, ""},
		{"the command after the last", spoil(func(m []byte) { m[16] = uapi.CmdGetInfo + 1 }), unix.EOPNOTSUPP, ""},
		{"command 255", spoil(func(m []byte) { m[16] = 255 }), unix.EOPNOTSUPP, ""},
		{"a dump of what has none", spoil(func(m []byte) { ne.PutUint16(m[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_DUMP) }), unix.EOPNOTSUPP, ""},
		{"half of the dump flag", spoil(func(m []byte) { ne.PutUint16(m[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_ROOT) }), unix.EINVAL, "nlmsg_flags"},
		{"unknown flags", spoil(func(m []byte) { ne.PutUint16(m[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK|1<<11) }), unix.EINVAL, "nlmsg_flags"},
		{"junk in the reserved field", spoil(func(m []byte) { m[19] = 1 }), unix.EINVAL, "reserved"},
		{"another version of the family", spoil(func(m []byte) { m[17] = 77 }), 0, ""},
		{"no generic header", func() []byte {
			m := w.request()[:unix.NLMSG_HDRLEN]
			ne.PutUint32(m, unix.NLMSG_HDRLEN)
			return m
		}, unix.EINVAL, ""},
		{"60,000 bytes of attributes", with(slices.Repeat(u32(uapi.AttrInfoABI, 1), 7500)), 0, ""},
		{"60,000 bytes in one attribute", with(attr(uapi.AttrInfoABI, make([]byte, 60000)...)), unix.EINVAL, ""},
	}
	for name, kind := range map[string]uint16{
		"version": uapi.AttrInfoVersion, "kernel-release": uapi.AttrInfoKernelRelease,
		"caps": uapi.AttrInfoCaps, "health": uapi.AttrInfoHealth, "selftests": uapi.AttrInfoSelftests,
	} {
		cases = append(cases, testCase{name + " in a request", with(u32(kind, 1)), unix.EINVAL, "belongs to replies"})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := c.build()
			if err := w.send(m); err != nil {
				t.Fatal(err)
			}
			errno, text, replies, err := w.answer(w.seq)
			if err != nil {
				t.Fatal(err)
			}
			if errno != c.errno || !strings.Contains(text, c.text) {
				t.Errorf("got %v (%q), want %v (%q)", errno, text, c.errno, c.text)
			}
			if want := map[bool]int{true: 1}[c.errno == 0]; replies != want {
				t.Errorf("got %d replies, want %d", replies, want)
			}
			if err := w.alive(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Messages cut at every byte, with the length in the header right and wrong.
func TestTruncatedMessages(t *testing.T) {
	load(t)
	w := dial(t)
	for _, honest := range []bool{true, false} {
		whole := w.request(u32(uapi.AttrInfoABI, 1))
		for n := 1; n < len(whole); n++ {
			m := slices.Clone(whole[:n])
			if honest && n >= 4 {
				binary.NativeEndian.PutUint32(m, uint32(n))
			}
			if err := w.send(m); err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if err := w.alive(); err != nil {
				t.Fatalf("after a message of %d bytes (honest: %v): %v", n, honest, err)
			}
		}
	}
}

// Many requests in one datagram are answered one by one.
func TestManyInOne(t *testing.T) {
	load(t)
	w := dial(t)
	if err := unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20); err != nil {
		t.Fatal(err)
	}
	const count = 500
	var all []byte
	first := w.seq + 1
	for range count {
		all = append(all, w.request(u32(uapi.AttrInfoABI, 1))...)
	}
	if err := w.send(all); err != nil {
		t.Fatal(err)
	}
	for seq := first; seq < first+count; seq++ {
		errno, text, replies, err := w.answer(seq)
		if err != nil || errno != 0 || replies != 1 {
			t.Fatalf("message %d of %d: %v (%s), %d replies, %v", seq-first+1, count, errno, text, replies, err)
		}
	}
}

// Somebody who asks and never reads harms himself alone.
func TestNeverReads(t *testing.T) {
	load(t)
	deaf, other := dial(t), dial(t)
	for range 5000 {
		if err := deaf.send(deaf.request()); err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EAGAIN) {
			t.Fatal(err)
		}
	}
	if err := other.alive(); err != nil {
		t.Error(err)
	}
}

// TestMutations throws spoilt requests at the family for 20 seconds, 2 with -short.
func TestMutations(t *testing.T) {
	load(t)
	w := dial(t)
	length := 20 * time.Second
	if testing.Short() {
		length = 2 * time.Second
	}
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	sent := 0
	for end := time.Now().Add(length); time.Now().Before(end); sent++ {
		var attrs [][]byte
		for range rnd.IntN(4) {
			data := make([]byte, rnd.IntN(12))
			for i := range data {
				data[i] = byte(rnd.Uint32() >> rnd.IntN(32))
			}
			attrs = append(attrs, attr(uint16(rnd.IntN(uapi.AttrInfoSelftests+3))|uint16(rnd.IntN(4)/3)<<14, data...))
		}
		m := w.request(attrs...)
		// The family's number stays, so that nobody else gets the message.
		for range rnd.IntN(3) {
			i := 6 + rnd.IntN(len(m)-6)
			if i >= 8 && i < 16 {
				continue
			}
			m[i] ^= 1 << rnd.IntN(8)
		}
		if rnd.IntN(8) == 0 {
			binary.NativeEndian.PutUint32(m, rnd.Uint32()>>rnd.IntN(32))
		}
		if err := w.send(m); err != nil {
			t.Fatal(err)
		}
		if sent%16 == 0 {
			if err := w.alive(); err != nil {
				t.Fatalf("after %d messages, seed %d: %v", sent, seed, err)
			}
		}
	}
	if err := w.alive(); err != nil {
		t.Errorf("after %d messages, seed %d: %v", sent, seed, err)
	}
	t.Logf("%d messages", sent)
}
