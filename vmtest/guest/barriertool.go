// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"context"
	"fmt"
	"io"

	others "github.com/tidelock/tidelock/vmtest/guest/peers"
	"github.com/tidelock/tidelock/vmtest/wire"
)

// Barrier is the program /sbin/vmtest-barrier, with which a script waits for the
// other roles of its test. It returns the exit status: 0 all have come, 1 they will
// not, 2 wrong usage.
func Barrier(args []string, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stderr, "Usage: vmtest-barrier NAME\n\nWaits until every role of the test has come to the barrier NAME.\n")
		return 0
	}
	if len(args) != 1 || !wire.ValidName(args[0]) {
		fmt.Fprintln(stderr, "vmtest-barrier: one name of a barrier is needed; see --help")
		return 2
	}
	if err := others.Barrier(context.Background(), args[0]); err != nil {
		fmt.Fprintf(stderr, "vmtest-barrier: %v\n", err)
		return 1
	}
	return 0
}
