// SPDX-License-Identifier: Apache-2.0

package ethernet

import (
	"fmt"
	"strings"
)

// Unread counts frames that were searched each by itself, although what they carry
// goes on in other frames: what they say together was not put together.
type Unread struct {
	// Fragments are pieces of IP packets.
	Fragments int64 `json:"fragments,omitempty"`
	// CutOff have less than their headers say, or headers that cannot be.
	CutOff int64 `json:"cut_off,omitempty"`
	// Wrapped carry a packet within something else, such as VLAN or a tunnel, or are of
	// a protocol over IP that is not known here.
	Wrapped int64 `json:"wrapped,omitempty"`
}

func (u *Unread) count(what kind) {
	switch what {
	case pieceOf:
		u.Fragments++
	case cutOff:
		u.CutOff++
	case wrapping:
		u.Wrapped++
	}
}

// Sum is the number of all of them.
func (u Unread) Sum() int64 { return u.Fragments + u.CutOff + u.Wrapped }

// String says in words how many of what there are. Example: 2 fragments of IP packets
func (u Unread) String() string {
	var words []string
	for _, w := range []struct {
		n         int64
		one, many string
	}{
		{u.Fragments, "fragment of an IP packet", "fragments of IP packets"},
		{u.CutOff, "packet that is cut off", "packets that are cut off"},
		{u.Wrapped, "packet within VLAN, a tunnel or an unknown protocol", "packets within VLAN, a tunnel or an unknown protocol"},
	} {
		switch w.n {
		case 0:
		case 1:
			words = append(words, "1 "+w.one)
		default:
			words = append(words, fmt.Sprintf("%d %s", w.n, w.many))
		}
	}
	return strings.Join(words, ", ")
}
