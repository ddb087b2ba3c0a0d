// SPDX-License-Identifier: Apache-2.0

// Package xz is the one place that chooses the project's xz decoder.
package xz

import (
	"fmt"
	"io"

	"github.com/therootcompany/xz"
)

// MaxDictionary is the largest dictionary a stream may ask for. `xz -9`
// asks for 64 MiB, which is the most that Debian's archive contains; the
// limit keeps a hostile header from making us allocate gigabytes.
const MaxDictionary = 64 << 20

// NewReader returns a reader of the decompressed contents of r, which may
// hold several xz streams one after the other.
func NewReader(r io.Reader) (io.Reader, error) {
	x, err := xz.NewReader(r, MaxDictionary)
	if err != nil {
		return nil, fmt.Errorf("xz: %w", err)
	}
	return x, nil
}
