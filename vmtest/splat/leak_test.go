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
		{"unreferenced object 0x1", "kmemleak: unreferenced object"},
		{"unreferenced object 0x1\n  backtrace:\n    kmalloc_trace+0x24/0x90\n", "kmemleak: unreferenced object"},
		{"", "kmemleak: unreferenced object"},
	} {
		if got := LeakTitle(c.report); got != c.want {
			t.Errorf("%q, want %q, of\n%s", got, c.want, c.report)
		}
	}
}
