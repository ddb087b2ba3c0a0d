// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"strconv"
	"strings"
)

// parseMeminfo returns fields of /proc/meminfo in bytes.
func parseMeminfo(text string, names ...string) ([]int64, error) {
	values := make([]int64, len(names))
	for i, name := range names {
		found := false
		for line := range strings.Lines(text) {
			key, rest, ok := strings.Cut(line, ":")
			if !ok || key != name {
				continue
			}
			fields := strings.Fields(rest)
			if len(fields) != 2 || fields[1] != "kB" {
				return nil, fmt.Errorf("/proc/meminfo: %q is not a number of kB", strings.TrimSpace(line))
			}
			kb, err := strconv.ParseInt(fields[0], 10, 64)
			if err != nil || kb < 0 || kb > 1<<50 {
				return nil, fmt.Errorf("/proc/meminfo: %q is not a number of kB", strings.TrimSpace(line))
			}
			values[i], found = kb<<10, true
		}
		if !found {
			return nil, fmt.Errorf("/proc/meminfo: no line %s", name)
		}
	}
	return values, nil
}

// target is how much memory a step wants to hold: a share of all that is there
// for programs, with what is held already, without touching the reserve.
func target(available, held, total int64, share float64) int64 {
	reserve := max(total/10, 48<<20)
	room := available + held - reserve
	return max(0, int64(float64(room)*share))
}
