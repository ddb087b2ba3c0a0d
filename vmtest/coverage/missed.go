// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// missed lists the lines that never ran. Lines without code between two of them
// belong to the range; a line that ran ends it.
func (f *File) missed() string {
	var ranges []string
	first, last := 0, 0
	end := func() {
		switch {
		case first == 0:
		case first == last:
			ranges = append(ranges, fmt.Sprint(first))
		default:
			ranges = append(ranges, fmt.Sprintf("%d-%d", first, last))
		}
		first = 0
	}
	for _, line := range slices.Sorted(maps.Keys(f.Lines)) {
		if f.Lines[line] > 0 {
			end()
			continue
		}
		if first == 0 {
			first = line
		}
		last = line
	}
	end()
	return strings.Join(ranges, ", ")
}
