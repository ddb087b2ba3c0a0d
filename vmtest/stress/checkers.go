// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"regexp"
)

// surrender is what a checker of the kernel says when it ran out of memory
// itself and stopped: from there on the run proves less than it seems to.
var surrender = regexp.MustCompile(`ODEBUG: Out of memory\. ODEBUG disabled|kmemleak: Kernel memory leak detector disabled|turning off the locking correctness validator|stackdepot: (?:.*reached limit|.*disabl).*`)

// findSurrender returns what a checker said when it stopped, or nothing.
func findSurrender(log []byte) string { return string(surrender.Find(log)) }

// checkersOn fails when the log says that a checker has stopped.
func checkersOn(log []byte) error {
	if said := findSurrender(log); said != "" {
		return fmt.Errorf("a checker of the kernel stopped: %q; give the guest more memory, or let fewer allocations fail", said)
	}
	return nil
}
