// SPDX-License-Identifier: Apache-2.0

package uefivars

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// flash makes an empty flash as EDK II's build does. That a kernel reads what
// AddDB writes there is the VM tests' to show.
func flash(size int) []byte {
	b := bytes.Repeat([]byte{0xff}, 72+size)
	copy(b[40:], volumeSignature)
	binary.LittleEndian.PutUint16(b[48:], 72)
	copy(b[72:], authenticatedStore[:])
	binary.LittleEndian.PutUint32(b[88:], uint32(size))
	return b
}

func TestAddDB(t *testing.T) {
	empty := flash(4096)
	one, err := AddDB(empty, []byte("certificate"), []byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one[:100], empty[:100]) || len(one) != len(empty) {
		t.Error("more than a variable has changed")
	}
	v := one[100:]
	if v[0] != 0xaa || v[1] != 0x55 || v[2] != 0x3f || string(v[60:66]) != "d\x00b\x00\x00\x00" {
		t.Errorf("the variable is %x", v[:66])
	}
	if n := binary.LittleEndian.Uint32(v[40:]); n != 2*44+11+7 {
		t.Errorf("its data has %d bytes", n)
	}
	if _, err := AddDB(one, []byte("x")); err == nil || !strings.Contains(err.Error(), "has a db already") {
		t.Errorf("a second db: %v", err)
	}
	// A variable of another vendor is stepped over.
	other := bytes.Clone(one)
	other[100+44] ^= 1
	two, err := AddDB(other, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if at := 100 + (60+6+106+3)&^3; two[at] != 0xaa || two[at+1] != 0x55 {
		t.Errorf("nothing at %d", at)
	}
}

func TestAddDBRefuses(t *testing.T) {
	short := flash(4096)
	binary.LittleEndian.PutUint32(short[88:], 1<<30)
	long := flash(4096)
	copy(long[100:], []byte{0xaa, 0x55})
	binary.LittleEndian.PutUint32(long[136:], 1<<31)
	plain := flash(4096)
	plain[72] ^= 1
	for name, c := range map[string]struct {
		flash []byte
		want  string
	}{
		"empty":       {nil, "not a firmware volume"},
		"text":        {bytes.Repeat([]byte("text"), 100), "not a firmware volume"},
		"other store": {plain, "no store of authenticated variables"},
		"too large":   {short, "claims 1073741824 bytes"},
		"too long":    {long, "longer than the store"},
		"full":        {flash(128), "are free"},
		"no end":      {flash(40), "has no end"},
	} {
		if _, err := AddDB(c.flash, []byte("certificate")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func FuzzAddDB(f *testing.F) {
	f.Add(flash(1024))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := AddDB(data, []byte("certificate")); err == nil && len(out) != len(data) {
			t.Fatalf("%d bytes became %d", len(data), len(out))
		}
	})
}
