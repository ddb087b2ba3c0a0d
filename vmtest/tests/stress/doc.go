// SPDX-License-Identifier: Apache-2.0

// Package stress runs the kernel module under load on a machine that is
// disturbed; see package vmtest/stress. The test binary runs as root in a guest.
package stress
