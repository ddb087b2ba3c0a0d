// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"errors"
	"fmt"
	"strings"
)

// judge says what is wrong with two builds of the same targets from empty local caches,
// the second one after the first: nil where everything was executed remotely and then
// nothing at all.
func judge(first, second *Count) error {
	var wrong []error
	for _, build := range []struct {
		name  string
		count *Count
	}{{"first", first}, {"second", second}} {
		if n := len(build.count.Elsewhere); n > 0 {
			wrong = append(wrong, fmt.Errorf("%s build: %d actions were not executed remotely:\n  %s", build.name, n, strings.Join(build.count.Elsewhere, "\n  ")))
		}
	}
	if first.Remote == 0 {
		wrong = append(wrong, errors.New("first build: nothing was executed remotely, so nothing is shown"))
	}
	// Two actions of one build may be the same, so the first may have hits; not many.
	if first.CacheHits > first.Remote {
		wrong = append(wrong, fmt.Errorf("first build: %d cache hits with only %d actions executed; the cluster was not empty", first.CacheHits, first.Remote))
	}
	if second.Remote > 0 {
		wrong = append(wrong, fmt.Errorf("second build: %d actions were executed again instead of coming from the cache", second.Remote))
	}
	if first.Total() != second.Total() {
		wrong = append(wrong, fmt.Errorf("the first build had %d actions, the second %d", first.Total(), second.Total()))
	}
	return errors.Join(wrong...)
}
