// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mdlayher/netlink"
)

func encode(t testing.TB, fill func(*netlink.AttributeEncoder)) []byte {
	e := netlink.NewAttributeEncoder()
	fill(e)
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// full fills a reply as the module does, and one attribute of a newer module.
func full(e *netlink.AttributeEncoder) {
	e.Uint32(AttrInfoABI, 1)
	e.String(AttrInfoVersion, "0.1.0")
	e.String(AttrInfoKernelRelease, "6.1.0-56-cloud-amd64")
	e.Uint32(AttrInfoCaps, 1|1<<31)
	e.String(AttrInfoHealth, "ok")
	e.Uint32(AttrInfoSelftests, 3)
	e.String(AttrInfoSelftests+100, "from a newer module")
}

func TestParseInfo(t *testing.T) {
	info, err := parseInfo(encode(t, full))
	if err != nil {
		t.Fatal(err)
	}
	want := Info{ABI: 1, Version: "0.1.0", KernelRelease: "6.1.0-56-cloud-amd64", Caps: CapKTLS | 1<<31, Health: "ok", Selftests: 3}
	if *info != want {
		t.Errorf("got %+v, want %+v", *info, want)
	}
	if !info.Caps.Has(CapKTLS) || info.Caps.Has(CapKTLS|2) {
		t.Errorf("Has is wrong for %b", info.Caps)
	}
	text, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	const wantText = `{"abi":1,"version":"0.1.0","kernel_release":"6.1.0-56-cloud-amd64","caps":["ktls","bit31"],"health":"ok","selftests":3}`
	if string(text) != wantText {
		t.Errorf("got  %s\nwant %s", text, wantText)
	}
}

func TestParseInfoRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		attrs      []byte
	}{
		{"nothing", "ABI is missing", nil},
		{"an ABI of two bytes", "get-info", encode(t, func(e *netlink.AttributeEncoder) { e.Uint16(AttrInfoABI, 1) })},
		{"no ABI", "ABI is missing", encode(t, func(e *netlink.AttributeEncoder) { e.String(AttrInfoVersion, "1") })},
		{"an attribute longer than the message", "get-info", []byte{12, 0, 1, 0, 1, 0, 0, 0}},
		{"an attribute shorter than its header", "get-info", []byte{2, 0, 1, 0, 1, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if info, err := parseInfo(c.attrs); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v; want an error with %q", info, err, c.want)
			}
		})
	}
}

func TestCapsString(t *testing.T) {
	for caps, want := range map[Caps]string{0: "none", CapKTLS: "ktls", 2: "bit1", CapKTLS | 4: "ktls,bit2"} {
		if got := caps.String(); got != want {
			t.Errorf("%b: got %s, want %s", uint32(caps), got, want)
		}
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add(encode(f, full))
	f.Add([]byte{8, 0, 1, 0, 1, 0, 0, 0})
	f.Add([]byte{2, 0, 1, 0})
	f.Fuzz(func(t *testing.T, attrs []byte) {
		info, err := parseInfo(attrs)
		if (info == nil) == (err == nil) {
			t.Fatalf("got %+v and %v", info, err)
		}
		if info != nil && info.ABI == 0 {
			t.Fatal("a reply without ABI was taken")
		}
	})
}
