// SPDX-License-Identifier: Apache-2.0

package boot

// Which packages are taken.
const (
	Locked = "locked"
	Newest = "newest"
)

// Sizes of what is made, measured with Bazel 7.7.1: they decide whether it is
// worth to begin.
const (
	prefixBytes  = 470 << 20
	packageBytes = 150 << 20
)

// Options say what to put together and where.
type Options struct {
	// Prefix is the folder to make.
	Prefix string
	// Source has packages.lock.json, modules.lock and stubs/.
	Source string
	// Version of Bazel that the tree wants.
	Version string
	// Resolve is Locked or Newest.
	Resolve string
	// Snapshot is the time written into a new lock.
	Snapshot string
	// Log is told what is being done.
	Log func(format string, args ...any)
}
