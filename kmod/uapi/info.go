// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mdlayher/netlink"
)

// Info is the module's answer to CmdGetInfo.
type Info struct {
	ABI           uint32 `json:"abi"`
	Version       string `json:"version"`
	KernelRelease string `json:"kernel_release"` // uname -r of the kernel that the module was built for
	Caps          Caps   `json:"caps"`
	Health        string `json:"health"`    // "ok" or what is wrong
	Selftests     uint32 `json:"selftests"` // how many passed at load
}

// Has reports whether all of want are there.
func (c Caps) Has(want Caps) bool { return c&want == want }

// names lists the capabilities as words; a bit that this package does not know is "bit<N>".
func (c Caps) names() []string {
	names := []string{}
	for bit := range 32 {
		switch one := Caps(1) << bit; {
		case c&one == 0:
		case one == CapKTLS:
			names = append(names, "ktls")
		default:
			names = append(names, fmt.Sprintf("bit%d", bit))
		}
	}
	return names
}

// String gives the capabilities as words with commas between, "none" without any.
func (c Caps) String() string {
	if c == 0 {
		return "none"
	}
	return strings.Join(c.names(), ",")
}

// MarshalJSON gives the capabilities as a list of words.
func (c Caps) MarshalJSON() ([]byte, error) { return json.Marshal(c.names()) }

// parseInfo reads the attributes of a reply. It skips those of a newer module.
func parseInfo(attrs []byte) (*Info, error) {
	d, err := netlink.NewAttributeDecoder(attrs)
	if err != nil {
		return nil, fmt.Errorf("reply to get-info: %w", err)
	}
	var info Info
	for d.Next() {
		switch d.Type() {
		case AttrInfoABI:
			info.ABI = d.Uint32()
		case AttrInfoVersion:
			info.Version = d.String()
		case AttrInfoKernelRelease:
			info.KernelRelease = d.String()
		case AttrInfoCaps:
			info.Caps = Caps(d.Uint32())
		case AttrInfoHealth:
			info.Health = d.String()
		case AttrInfoSelftests:
			info.Selftests = d.Uint32()
		}
	}
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("reply to get-info: %w", err)
	}
	if info.ABI == 0 {
		return nil, errors.New("reply to get-info: the ABI is missing")
	}
	return &info, nil
}
