// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// workersMetric counts the threads of workers that have reported to the scheduler.
const workersMetric = "buildbarn_builder_in_memory_build_queue_workers_created_total"

// workersArrived asks the scheduler whether the expected number of workers is there.
func workersArrived(address string, expected int) (bool, error) {
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return false, nil // not there yet
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, nil
	}
	n, err := sumMetric(resp.Body, workersMetric)
	return n >= expected, err
}

// sumMetric adds up the values that a metric has with its different labels, from
// Prometheus's text format.
func sumMetric(r io.Reader, name string) (int, error) {
	total := 0.0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		// A label's value may hold spaces; the number stands after the last one.
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("the scheduler's metric %s has no number: %q", name, lines.Text())
		}
		total += value
	}
	return int(total), lines.Err()
}
