// SPDX-License-Identifier: Apache-2.0

// Package userland holds the test of the programs that guests can have
// (//vmtest/userland). It runs in a virtual machine.
package userland
