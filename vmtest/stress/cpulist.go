// SPDX-License-Identifier: Apache-2.0

package stress

import (
	"fmt"
	"strconv"
	"strings"
)

// maxCPU bounds what a list may name, far above what any kernel has.
const maxCPU = 1 << 16

// parseCPUs reads a list as the kernel writes it: "0-3,5\n". An empty one has no CPU.
func parseCPUs(text string) ([]int, error) {
	text = strings.TrimSpace(text)
	cpus := []int{}
	if text == "" {
		return cpus, nil
	}
	for _, part := range strings.Split(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		a, err := strconv.ParseUint(low, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("list of CPUs %q: %q is no number", text, low)
		}
		b, err := strconv.ParseUint(high, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("list of CPUs %q: %q is no number", text, high)
		}
		if a > b || b >= maxCPU {
			return nil, fmt.Errorf("list of CPUs %q: %q is no range below %d", text, part, maxCPU)
		}
		for cpu := a; cpu <= b; cpu++ {
			cpus = append(cpus, int(cpu))
		}
	}
	return cpus, nil
}
