// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Events of guests that are several. Barrier goes from the guest to the runner, with
// the barrier's name as text; the others come back through the same port.
const (
	TypeBarrier = "barrier" // a program waits at a barrier
	TypeRelease = "release" // all roles have come to the barrier
	TypeRefuse  = "refuse"  // not all will come to it; Error says why
	TypeStop    = "stop"    // the others are done: end the program
)

// SyncSocket is the stream socket in the guest on which init takes programs to a
// barrier. A program writes a line with the barrier's name and reads one line: "ok",
// or "error " and why the barrier cannot be reached.
const SyncSocket = "/run/vmtest-barrier"

// BarrierTool is the program for scripts: its argument is the barrier's name.
const BarrierTool = "/sbin/vmtest-barrier"

// Network is a guest's part in a network of several.
type Network struct {
	// Role is the guest's name in the test. Example: server
	Role string `json:"role"`
	// MAC is the address of the network device. Example: 52:54:00:00:00:01
	MAC string `json:"mac"`
	// Addresses of the guest with the length of the network's prefix.
	// Example: 10.77.0.1/24, fd77::1/64
	Addresses []string `json:"addresses"`
	// Hosts has the addresses of each role, the guest's own too.
	Hosts map[string][]string `json:"hosts"`
}

// validate reports the first thing that makes the network unusable.
func (n *Network) validate() error {
	if !ValidName(n.Role) {
		return fmt.Errorf("role: %q is no name of a role", n.Role)
	}
	if !ValidMAC(n.MAC) {
		return fmt.Errorf("mac: %q is not six bytes in lower case of one station", n.MAC)
	}
	if len(n.Addresses) == 0 {
		return fmt.Errorf("addresses: the list is empty")
	}
	for i, a := range n.Addresses {
		if _, err := netip.ParsePrefix(a); err != nil {
			return fmt.Errorf("addresses[%d]: %v", i, err)
		}
	}
	for role, addresses := range n.Hosts {
		if !ValidName(role) {
			return fmt.Errorf("hosts: %q is no name of a role", role)
		}
		for _, a := range addresses {
			if _, err := netip.ParseAddr(a); err != nil {
				return fmt.Errorf("hosts.%s: %v", role, err)
			}
		}
	}
	return nil
}

// ValidName reports whether s can be the name of a role or a barrier: up to 63
// letters, digits, '-', '_' and '.', and it begins with a letter or digit.
func ValidName(s string) bool {
	return s != "" && len(s) <= 63 && !strings.ContainsRune("-_.", rune(s[0])) &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
		})
}

// ValidMAC reports whether s is the address of one station, written as the kernel does.
func ValidMAC(s string) bool {
	words := strings.Split(s, ":")
	if len(words) != 6 || slices.ContainsFunc(words, func(w string) bool {
		return len(w) != 2 || strings.Trim(w, "0123456789abcdef") != ""
	}) {
		return false
	}
	// The lowest bit of the first byte makes a group of it.
	return strings.Contains("02468ace", words[0][1:])
}
