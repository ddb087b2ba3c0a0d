// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNetworkIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Network)
		want   string
	}{
		"good":      {func(*Network) {}, ""},
		"role":      {func(n *Network) { n.Role = "a b" }, "network.role"},
		"mac":       {func(n *Network) { n.MAC = "52:54:00:00:00:0G" }, "network.mac"},
		"group":     {func(n *Network) { n.MAC = "01:00:5e:00:00:01" }, "network.mac"},
		"none":      {func(n *Network) { n.Addresses = nil }, "network.addresses: the list is empty"},
		"no prefix": {func(n *Network) { n.Addresses[0] = "10.77.0.1" }, "network.addresses[0]"},
		"host name": {func(n *Network) { n.Hosts["x\n::1 y"] = nil }, "network.hosts"},
		"host":      {func(n *Network) { n.Hosts["server"] = []string{"there"} }, "network.hosts.server"},
	} {
		n := &Network{Role: "client", MAC: "52:54:00:00:00:01", Addresses: []string{"10.77.0.1/24", "fd77::1/64"}, Hosts: map[string][]string{"server": {"fd77::2"}}}
		c.change(n)
		text, err := json.Marshal(Config{Programs: []Program{{Name: "a", Path: "/a", Format: "exit"}}, Network: n})
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadConfig(strings.NewReader(string(text)))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "server-2": true, "A.b_c": true, "7": true, strings.Repeat("x", 63): true,
		"": false, "-a": false, ".a": false, "../a": false, "a b": false, "ü": false, "a\n": false, strings.Repeat("x", 64): false,
	} {
		if ValidName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
