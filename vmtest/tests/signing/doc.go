// SPDX-License-Identifier: Apache-2.0

// Package signing holds the test of signed modules in a kernel that requires
// signatures. It runs in a virtual machine.
package signing
