// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tidelock/tidelock/vmtest/wire"
)

func TestHostsFile(t *testing.T) {
	got := hostsFile(&wire.Network{Hosts: map[string][]string{"server": {"10.77.0.2", "fd77::2"}, "client": {"10.77.0.1"}}})
	want := "127.0.0.1 localhost\n::1 localhost\n10.77.0.1 client\n10.77.0.2 server\nfd77::2 server\n"
	if got != want {
		t.Errorf("%q", got)
	}
}

func TestFindDevice(t *testing.T) {
	dir := t.TempDir()
	for name, files := range map[string][2]string{"lo": {"00:00:00:00:00:00\n", "1\n"}, "eth3": {"52:54:00:00:00:09\n", "7\n"}} {
		os.Mkdir(filepath.Join(dir, name), 0o755)
		os.WriteFile(filepath.Join(dir, name, "address"), []byte(files[0]), 0o644)
		os.WriteFile(filepath.Join(dir, name, "ifindex"), []byte(files[1]), 0o644)
	}
	if name, index, err := findDevice(dir, "52:54:00:00:00:09", 0); name != "eth3" || index != 7 || err != nil {
		t.Errorf("%s %d %v", name, index, err)
	}
	if _, _, err := findDevice(dir, "52:54:00:00:00:0a", 0); err == nil || !strings.Contains(err.Error(), "virtio_net") {
		t.Errorf("error %v", err)
	}
}

// The messages, against what the kernel's headers say of them.
func TestRtnetlinkMessages(t *testing.T) {
	up := linkUp(7)
	if len(up) != 32 || binary.NativeEndian.Uint32(up) != 32 || binary.NativeEndian.Uint16(up[4:]) != unix.RTM_NEWLINK ||
		binary.NativeEndian.Uint32(up[20:]) != 7 || up[24] != unix.IFF_UP || up[28] != unix.IFF_UP {
		t.Errorf("% x", up)
	}
	four := newAddress(7, netip.MustParsePrefix("10.77.0.2/24"))
	if len(four) != 40 || four[16] != unix.AF_INET || four[17] != 24 || !bytes.Equal(four[24:], []byte{8, 0, unix.IFA_LOCAL, 0, 10, 77, 0, 2, 8, 0, unix.IFA_ADDRESS, 0, 10, 77, 0, 2}) {
		t.Errorf("% x", four)
	}
	six := newAddress(7, netip.MustParsePrefix("fd77::2/64"))
	if len(six) != 24+20+20+8 || six[16] != unix.AF_INET6 || six[17] != 64 || six[len(six)-4]&unix.IFA_F_NODAD == 0 {
		t.Errorf("% x", six)
	}
}

// The kernel of this machine reads the messages too: it knows the interface or not
// before it looks who asks, and never finds them malformed.
func TestRtnetlinkIsUnderstood(t *testing.T) {
	for _, m := range [][]byte{linkUp(1 << 30), newAddress(1<<30, netip.MustParsePrefix("fd77::2/64")), newAddress(1<<30, netip.MustParsePrefix("10.77.0.2/24"))} {
		if err := rtnetlink(m); err != unix.ENODEV && err != unix.EPERM {
			t.Errorf("error %v", err)
		}
	}
}

func TestAnswer(t *testing.T) {
	message := func(kind uint16, code int32) []byte {
		b := make([]byte, 36)
		binary.NativeEndian.PutUint16(b[4:], kind)
		binary.NativeEndian.PutUint32(b[16:], uint32(code))
		return b
	}
	if err := answer(message(unix.NLMSG_ERROR, 0)); err != nil {
		t.Error(err)
	}
	if err := answer(message(unix.NLMSG_ERROR, -int32(unix.EEXIST))); err != unix.EEXIST {
		t.Error(err)
	}
	if answer(message(unix.NLMSG_DONE, 0)) == nil || answer(nil) == nil {
		t.Error("what is no acknowledgement was taken for one")
	}
}
