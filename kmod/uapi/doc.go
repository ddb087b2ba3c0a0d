// SPDX-License-Identifier: Apache-2.0

// Package uapi is the interface between the tidelock kernel module and Go programs: the numbers
// that tidelock.yaml specifies, which a test checks, and a client for the module's netlink family.
package uapi
