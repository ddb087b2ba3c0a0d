// SPDX-License-Identifier: Apache-2.0

// Package load tests the kernel module from inside a virtual machine: it loads, answers, bears
// hostile messages, refuses what it must refuse and unloads, again and again.
//
// The test binary runs as root in a guest that may be broken by it. The environment names the
// modules: TIDELOCK_KO the one to test, TIDELOCK_KO_SELFTEST_FAIL the same built with
// TIDELOCK_SELFTEST_FAIL, TIDELOCK_KO_FOREIGN one built for another release of the kernel.
package load
