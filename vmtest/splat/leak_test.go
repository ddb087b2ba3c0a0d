// SPDX-License-Identifier: Apache-2.0

package splat

import "testing"

func TestLeakTitle(t *testing.T) {
	for _, c := range []struct{ report, want string }{
		{`unreferenced object 0xfff000000786c980 (size 128):
  comm "commit", pid 40, jiffies 4294898273
  hex dump (first 32 bytes):
    78 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  xkkkkkkkkkkkkkkk
  backtrace (crc 46cdb1b1):
    kmemleak_alloc+0x7c/0xc0
    __kmalloc_cache_noprof+0x3c8/0x5a0
    leak+0x30/0x60 [faults]
    commit+0xe8/0x120 [faults]
`, "kmemleak: unreferenced object from leak [faults]"},
		{`unreferenced object 0xffff888006338980 (size 128):
  comm "commit", pid 40, jiffies 4294898273 (age 9.120s)
  backtrace:
    [<(____ptrval____)>] slab_post_alloc_hook+0x7d/0x2b0
    [<00000000f1b0c3c7>] kmalloc_trace+0x24/0x90
    [<0000000012345678>] tl_connection_new+0x1a/0x2c [tidelock]
`, "kmemleak: unreferenced object from tl_connection_new [tidelock]"},
		// What stands before the backtrace is no frame of it.
		{"unreferenced object 0x1\n  hex dump:\n    no_frame+0x1/0x2\n  backtrace:\n    f+0x1/0x2\n", "kmemleak: unreferenced object from f"},
		// A module's own functions may be called like allocators.
		{"unreferenced object 0x1\n  backtrace:\n    kmalloc_trace+0x24/0x90\n    alloc_session+0x4/0x90 [tidelock]\n    f+0x1/0x2\n", "kmemleak: unreferenced object from alloc_session [tidelock]"},
		// The first object counts.
		{"unreferenced object 0x1\n  backtrace:\n    one+0x1/0x2\nunreferenced object 0x2\n  backtrace:\n    two+0x1/0x2\n", "kmemleak: unreferenced object from one"},
		{"unreferenced object 0x1", "kmemleak: unreferenced object"},
		{"unreferenced object 0x1\n  backtrace:\n    kmalloc_trace+0x24/0x90\n", "kmemleak: unreferenced object"},
		{"", "kmemleak: unreferenced object"},
	} {
		if got := LeakTitle(c.report); got != c.want {
			t.Errorf("%q, want %q, of\n%s", got, c.want, c.report)
		}
	}
}

// Functions of kernels from 5.10 to 7.3 that stand between kmemleak and who asked.
func TestAllocators(t *testing.T) {
	for _, f := range []string{
		"kmemleak_alloc", "kmemleak_alloc_percpu", "slab_post_alloc_hook", "kmem_cache_alloc", "kmem_cache_alloc_lru_noprof", "__kmem_cache_alloc_node",
		"__kmalloc", "kmalloc_trace", "__kmalloc_cache_noprof", "___kmalloc_large_node", "__do_kmalloc_node", "krealloc_noprof", "__kvmalloc_node_noprof",
		"kvrealloc", "kvmemdup", "kmemdup_noprof", "memdup_user", "vmemdup_user", "kstrdup", "kstrndup", "kasprintf", "kvasprintf", "__vmalloc_node_range",
		"vmalloc_noprof", "vzalloc", "__get_free_pages", "get_zeroed_page_noprof", "__alloc_percpu_gfp", "alloc_pages_exact", "pcpu_alloc_noprof", "devm_kmalloc",
	} {
		if got := LeakTitle("  backtrace:\n    " + f + "+0x1/0x2\n    owner+0x3/0x4\n"); got != "kmemleak: unreferenced object from owner" {
			t.Errorf("%s: %q", f, got)
		}
	}
	for _, f := range []string{"tcp_alloc_md5sig_pool", "sock_alloc_inode", "copy_process", "kthread_create", "valloc"} {
		if got := LeakTitle("  backtrace:\n    " + f + "+0x1/0x2\n    owner+0x3/0x4\n"); got != "kmemleak: unreferenced object from "+f {
			t.Errorf("%s: %q", f, got)
		}
	}
}
