// SPDX-License-Identifier: Apache-2.0

package uapi

// The generic netlink family.
const (
	FamilyName    = "tidelock"
	FamilyVersion = 1
)

// ABI is the interface that this package is written for. The module counts its own up when a
// program written for an older one has to know better.
const ABI = 1

// The socket option that tells a program who is at the other end:
// getsockopt(fd, Sol, Peer, ...), in C SOL_TIDELOCK and TIDELOCK_PEER.
const (
	Sol  = 21580
	Peer = 1
)

// The commands.
const (
	CmdGetInfo = 1
)

// The attributes of CmdGetInfo.
const (
	AttrInfoABI           = 1
	AttrInfoVersion       = 2
	AttrInfoKernelRelease = 3
	AttrInfoCaps          = 4
	AttrInfoHealth        = 5
	AttrInfoSelftests     = 6
)

// Caps says what the loaded module can do.
type Caps uint32

// The capabilities.
const (
	// CapKTLS: the kernel that the module was built for has the TLS record layer.
	CapKTLS Caps = 1 << 0
)
