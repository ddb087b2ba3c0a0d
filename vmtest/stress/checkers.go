// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"regexp"

	"golang.org/x/sys/unix"
)

// surrender is what a checker of the kernel says when it ran out of memory
// itself and stopped: from there on the run proves less than it seems to.
var surrender = regexp.MustCompile(`ODEBUG: Out of memory\. ODEBUG disabled|kmemleak: Kernel memory leak detector disabled|turning off the locking correctness validator|stackdepot: (?:.*reached limit|.*disabl).*`)

// findSurrender returns what a checker said when it stopped, or nothing.
func findSurrender(log []byte) string { return string(surrender.Find(log)) }

// KernelLog is the kernel's log, as far as its buffer reaches back.
func KernelLog() ([]byte, error) {
	size, err := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil)
	if err != nil {
		return nil, fmt.Errorf("kernel log: %w", err)
	}
	log := make([]byte, size)
	n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, log)
	if err != nil {
		return nil, fmt.Errorf("kernel log: %w", err)
	}
	return log[:n], nil
}

// checkersOn fails when the log says that a checker has stopped.
func checkersOn(log []byte) error {
	if said := findSurrender(log); said != "" {
		return fmt.Errorf("a checker of the kernel stopped: %q; give the guest more memory, or let fewer allocations fail", said)
	}
	return nil
}
