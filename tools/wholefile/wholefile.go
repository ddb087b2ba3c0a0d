// SPDX-License-Identifier: Apache-2.0

// Package wholefile writes files that are there as a whole or not at all.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes data under a temporary name in the folder of the file, and then gives
// it its name. Whoever reads the file sees what was there before, or all of data. Where
// it fails, nothing is left behind. It does not wait for the disk.
func Write(file string, data []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
