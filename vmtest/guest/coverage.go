// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tidelock/tidelock/vmtest/wire"
)

// gcovDir has the counts of instrumented modules, those that were unloaded too,
// where the kernel was built with CONFIG_GCOV_KERNEL.
const gcovDir = "/sys/kernel/debug/gcov"

// sendCoverage sends every data file below dir. What cannot be read is init's
// error; the returned error means that the event channel is unusable.
func sendCoverage(send func(wire.Event) error, end *ending, dir string) error {
	var broken error
	var all wire.Coverage
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		// The folder also has links to notes, which lie on the build machine, and
		// the file `reset`.
		if err != nil || !d.Type().IsRegular() || filepath.Ext(name) != ".gcda" {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		// The same bounds as at the other end, where exceeding them would look forged.
		piece := wire.Event{File: below}
		piece.SetData(data)
		if err := all.Take(piece); err != nil {
			return err
		}
		broken = sendFile(send, below, data)
		return broken
	})
	if broken != nil {
		return broken
	}
	if err != nil {
		end.fail(fmt.Errorf("coverage: %v", err))
	}
	return nil
}

func sendFile(send func(wire.Event) error, name string, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), maxPiece)
		ev := wire.Event{Type: wire.TypeCoverage, File: name}
		// Always as bytes: the two halves of a number may look like text.
		ev.Bytes, data = data[:n], data[n:]
		if err := send(ev); err != nil {
			return err
		}
	}
	return nil
}
