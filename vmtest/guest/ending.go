// SPDX-License-Identifier: Apache-2.0

package guest

import "github.com/tidelock/tidelock/vmtest/wire"

// ending is the done event as it comes to be. Of several failures the first one
// stands: what went well after it must not hide it, and what failed after it may be
// its consequence.
type ending struct{ wire.Event }

// fail notes what init itself could not do.
func (e *ending) fail(err error) {
	if e.Error == "" {
		e.Error = err.Error()
	}
	e.status(1)
}

// status notes how a program has ended.
func (e *ending) status(exit int) {
	if e.Exit == 0 {
		e.Exit = exit
	}
}
