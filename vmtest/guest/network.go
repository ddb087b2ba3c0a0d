// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// deviceTime is how long a network device may take to appear after its driver is in.
const deviceTime = 10 * time.Second

// quiet are settings of IPv6 on the test's network: there is no router to ask, and
// nobody else has our addresses.
var quiet = map[string]string{"accept_ra": "0", "router_solicitations": "0", "accept_dad": "0", "dad_transmits": "0"}

// meet joins the other guests of the test: over the network, and at barriers.
func meet(cfg *wire.Config, send func(wire.Event) error, p *port) (*peers, error) {
	if err := networkUp(cfg.Network); err != nil {
		return nil, err
	}
	others := newPeers(send)
	go others.listen(p.Read)
	return others, others.serve(wire.SyncSocket)
}

// networkUp gives the guest its place in the test's network.
func networkUp(n *wire.Network) error {
	hosts := hostsFile(n)
	if err := os.MkdirAll("/etc", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile("/etc/hosts", []byte(hosts), 0o644); err != nil {
		return err
	}
	name, index, err := findDevice("/sys/class/net", n.MAC, deviceTime)
	if err != nil {
		return err
	}
	for setting, value := range quiet {
		// Without IPv6 there is no such folder; an address of IPv6 fails below then.
		os.WriteFile(filepath.Join("/proc/sys/net/ipv6/conf", name, setting), []byte(value), 0)
	}
	if err := rtnetlink(linkUp(index)); err != nil {
		return fmt.Errorf("network: switch on %s: %v", name, err)
	}
	for _, a := range n.Addresses {
		p, err := netip.ParsePrefix(a)
		if err != nil {
			return fmt.Errorf("network: %v", err)
		}
		if err := rtnetlink(newAddress(index, p)); err != nil {
			return fmt.Errorf("network: give %s the address %s: %v", name, a, err)
		}
	}
	return nil
}

// findDevice waits for the interface with an address and returns its name and number.
func findDevice(dir, mac string, wait time.Duration) (string, uint32, error) {
	for deadline := time.Now().Add(wait); ; time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(dir, "*/address"))
		if err != nil {
			return "", 0, err
		}
		for _, f := range found {
			if text, err := os.ReadFile(f); err != nil || strings.TrimSpace(string(text)) != mac {
				continue
			}
			text, err := os.ReadFile(filepath.Join(filepath.Dir(f), "ifindex"))
			if err != nil {
				return "", 0, err
			}
			index, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
			return filepath.Base(filepath.Dir(f)), uint32(index), err
		}
		if time.Now().After(deadline) {
			return "", 0, fmt.Errorf("network: no device with the address %s: is virtio_net in the kernel, or in load_modules of the role?", mac)
		}
	}
}

// hostsFile lists the roles by name; every resolver reads it.
func hostsFile(n *wire.Network) string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	for _, role := range slices.Sorted(maps.Keys(n.Hosts)) {
		for _, a := range n.Hosts[role] {
			fmt.Fprintf(&b, "%s %s\n", a, role)
		}
	}
	return b.String()
}
