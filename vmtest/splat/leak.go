// SPDX-License-Identifier: Apache-2.0

package splat

import (
	"regexp"
	"strings"
)

var (
	// frame is a line of kmemleak's backtrace: with an address before 6.7, without
	// one since.
	frame = regexp.MustCompile(`^\s+(?:\[<[^>]*>\] )?(` + function + `)$`)
	// allocators are the functions through which memory is asked for. The first
	// one that is none of them has lost it.
	allocators = regexp.MustCompile(`^(?:__|___)?(?:kmemleak_|kmalloc|kzalloc|kcalloc|krealloc|kmemdup|kstrdup|kasprintf|kvasprintf|kvmalloc|kvrealloc|kmem_cache_alloc|slab_|alloc_|__alloc|do_kmalloc|do_kmem_cache|get_free_page|get_zeroed_page|vmalloc|vzalloc|__vmalloc|pcpu_alloc|devm_)`)
)

// LeakTitle names what /sys/kernel/debug/kmemleak reports: the function that
// asked for the first object that has got lost.
func LeakTitle(report string) string {
	const title = "kmemleak: unreferenced object"
	in := false
	for line := range strings.Lines(report) {
		if strings.HasPrefix(strings.TrimSpace(line), "backtrace") {
			in = true
			continue
		}
		m := frame.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if !in || m == nil || allocators.MatchString(m[1]) {
			continue
		}
		return title + " from " + normalise(m[1])
	}
	return title
}
