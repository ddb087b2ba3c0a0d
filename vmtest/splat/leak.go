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
	// allocators are the kernel's functions through which memory is asked for, as far as
	// the compiler does not inline them. The first one that is none of them has lost it.
	allocators = regexp.MustCompile(`^_{0,3}(?:do_)?(?:` + strings.Join([]string{
		"kmemleak_", "slab_", "kmem_cache_alloc", "kmalloc", "krealloc", "kvmalloc", "kvrealloc",
		"kv?memdup", "memdup_user", "vmemdup_user", "kstrn?dup", "kv?asprintf",
		"vmalloc", "vzalloc", "get_free_page", "get_zeroed_page", "alloc_", "pcpu_alloc", "devm_",
	}, "|") + `)`)
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
		// A module has none, whatever its functions are called.
		if !in || m == nil || allocators.MatchString(m[1]) && !strings.Contains(m[1], " [") {
			continue
		}
		return title + " from " + normalise(m[1])
	}
	return title
}
