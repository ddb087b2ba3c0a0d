// SPDX-License-Identifier: Apache-2.0

package splat

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// titles scans a console in pieces and returns the titles found.
func titles(console string, size int) []string {
	var s Scanner
	for piece := range slices.Chunk([]byte(console), size) {
		s.Write(piece)
	}
	var list []string
	for _, r := range s.Reports() {
		list = append(list, r.Title)
	}
	return list
}

// Lines as the kernel writes them, and the title they must get: no address, no
// offset, no CPU, no process number may be in it.
func TestTitles(t *testing.T) {
	for _, c := range []struct{ console, want string }{
		// Memory checkers.
		{"[    5.1] BUG: KASAN: slab-use-after-free in tl_conn_put+0x2a/0x90 [tidelock]", "KASAN: slab-use-after-free in tl_conn_put [tidelock]"},
		{"[    5.1] BUG: KASAN: double-free in kfree+0xd8/0x290", "KASAN: double-free in kfree"},
		{"[    5.1] BUG: KASAN: double-free or invalid-free in tl_free+0x8/0x90 [tidelock]", "KASAN: double-free or invalid-free in tl_free [tidelock]"},
		{"[    5.1] BUG: KFENCE: out-of-bounds read in tl_parse+0x11/0x20 [tidelock]", "KFENCE: out-of-bounds read in tl_parse [tidelock]"},
		{"[    5.1] BUG: KCSAN: data-race in tl_a+0x1/0x2 [tidelock] / tl_b+0x3/0x4 [tidelock]", "KCSAN: data-race in tl_a [tidelock] / tl_b [tidelock]"},
		{"[    5.1] UBSAN: array-index-out-of-bounds in kmod/linux/a.c:17:5", "UBSAN: array-index-out-of-bounds in kmod/linux/a.c:17:5"},
		{"[    5.1] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", "kmemleak: suspected memory leaks"},
		{"[    5.1] BUG kmalloc-64 (Tainted: G           O      ): Redzone overwritten", "SLUB: Redzone overwritten in cache kmalloc-64"},
		{"[    5.1] pagealloc: memory corruption", "page poison: memory corruption"},
		{"[    5.1] pagealloc: single bit error", "page poison: single bit error"},
		// Locking.
		{"[    5.1] WARNING: possible circular locking dependency detected\n[    5.1] insmod/99 is trying to acquire lock:\n[    5.1] ffffffffc0123456 (lock_b){+.+.}-{3:3}, at: tl_lock_b+0x10/0x20 [tidelock]", "lockdep: circular locking dependency in tl_lock_b [tidelock]"},
		{"[    5.1] WARNING: possible recursive locking detected", "lockdep: recursive locking"},
		{"[    5.1] WARNING: inconsistent lock state", "lockdep: inconsistent lock state"},
		{"[    5.1] WARNING: suspicious RCU usage", "lockdep: suspicious RCU usage"},
		{"[    5.1] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580", "BUG: sleeping function called from invalid context at kernel/locking/mutex.c"},
		{"[    5.1] BUG: scheduling while atomic: insmod/99/0x00000002", "BUG: scheduling while atomic"},
		{"[    5.1] BUG: spinlock bad magic on CPU#1, insmod/99", "BUG: spinlock bad magic"},
		// Standing still.
		{"[   30.1] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [insmod:99]\n[   30.1] RIP: 0010:tl_spin+0x5/0x10 [tidelock]", "BUG: soft lockup in tl_spin [tidelock]"},
		{"[   30.1] rcu: INFO: rcu_preempt self-detected stall on CPU", "RCU stall"},
		{"[   30.1] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "RCU stall"},
		{"[  242.1] INFO: task kworker/0:1:14 blocked for more than 120 seconds.", "hung task kworker/0:1"},
		{"[   30.1] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 33s!", "BUG: workqueue lockup"},
		{"[   30.1] unregister_netdevice: waiting for lo to become free. Usage count = 2", "unregister_netdevice: waiting for lo"},
		// Counts, lists, objects.
		{"[    5.1] refcount_t: underflow; use-after-free.", "refcount_t: underflow"},
		{"[    5.1] list_add corruption. next->prev should be prev (ffff8880), but was dead000000000122.", "list_add corruption"},
		{"[    5.1] ODEBUG: free active (active state 0) object type: timer_list hint: tl_timer+0x0/0x10 [tidelock]", "ODEBUG: free"},
		// Memory that is not there.
		{"[    5.1] stress.test: vmalloc error: size 157944, vm_struct allocation failed, mode:0xcc0(GFP_KERNEL), nodemask=(null)\n[    5.1] Call trace:", "vmalloc error"},
		{"[    5.1] kworker/0:1: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null)\n[    5.1] Call Trace:", "page allocation failure"},
		// Exceptions.
		{"[    5.1] BUG: kernel NULL pointer dereference, address: 0000000000000008\n[    5.1] #PF: supervisor read access in kernel mode\n[    5.1] Oops: 0000 [#1] PREEMPT SMP NOPTI\n[    5.1] RIP: 0010:tl_crash+0x5/0x10 [tidelock]\n[    5.1] Kernel panic - not syncing: Fatal exception", "BUG: kernel NULL pointer dereference in tl_crash [tidelock]|panic: Fatal exception"},
		{"[    5.1] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008\n[    5.1] Internal error: Oops: 0000000096000004 [#1] SMP\n[    5.1] pc : tl_crash+0x14/0x1000 [tidelock]\n[    5.1] lr : do_one_initcall+0x60/0x2e8", "Unable to handle kernel NULL pointer dereference in tl_crash [tidelock]"},
		{"[    5.1] BUG: unable to handle page fault for address: ffffed1020304050\n[    5.1] RIP: 0010:tl_x.constprop.0+0x5/0x10", "BUG: unable to handle page fault in tl_x"},
		{"[    5.1] kernel BUG at kmod/linux/main.c:42!\n[    5.1] invalid opcode: 0000 [#1] SMP\n[    5.1] RIP: 0010:tl_bug+0x0/0x2 [tidelock]", "kernel BUG at kmod/linux/main.c:42 in tl_bug [tidelock]"},
		{"[    5.1] general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP\n[    5.1] RIP: 0010:tl_gp+0x1/0x2", "general protection fault in tl_gp"},
		{"[    5.1] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: tl_s+0x1/0x2 [tidelock]", "stack-protector: corrupted stack in tl_s"},
		// Warnings, in the form before and after 6.18.
		{"[    5.1] WARNING: CPU: 1 PID: 99 at net/core/dev.c:1234 tl_warn+0x5/0x10 [tidelock]", "WARNING in tl_warn [tidelock]"},
		{"[    5.1] WARNING: net/core/dev.c:1234 at tl_warn+0x5/0x10 [tidelock], CPU#1: insmod/99", "WARNING in tl_warn [tidelock]"},
		// The end.
		{"[    2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", "panic: no root file system"},
		{"[    2.1] Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.", "panic: no working init"},
		{"[    2.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100", "panic: Attempted to kill init! exitcode=ADDR"},
		{"[    9.1] Out of memory: Killed process 99 (gp) total-vm:1kB", "out of memory: killed gp"},
		// Traces that no known line announces.
		{"[    5.1] something new: bad thing\n[    5.1] Call Trace:\n[    5.1]  tl_x+0x1/0x2", "stack trace of an unknown report"},
		{"[    5.1] Call trace:", "stack trace of an unknown report"},
		// Other forms of a line.
		{"[    5.123456][  T99] BUG: KASAN: double-free in kfree+0xd8/0x290", "KASAN: double-free in kfree"},
		{"<4>[    5.123456] refcount_t: underflow; use-after-free.", "refcount_t: underflow"},
		{"some text without an end[    5.123456] refcount_t: underflow; use-after-free.", "refcount_t: underflow"},
		{"refcount_t: saturated; leaking memory.\r", "refcount_t: saturated"},
		// No defect.
		{"[    0.1] Kernel command line: console=ttyS0 panic=-1 oops=panic", ""},
		{"[    1.1] tidelock: self-test passed, no BUG: KASAN here", ""},
		{"[    1.1] x86/mm: Checked W+X mappings: passed, no W+X pages found.", ""},
		{"[    1.1] gp[99]: segfault at 0 ip 0000000000401000 sp 00007ffc error 4 in gp", ""},
		{"[    1.1] tidelock: loading out-of-tree module taints kernel.", ""},
		{"[    9.1] gp invoked oom-killer: gfp_mask=0xcc0\n[    9.1] Call Trace:\n[    9.1] Memory cgroup out of memory: Killed process 99 (gp)", ""},
		{"", ""},
	} {
		for _, size := range []int{1, 13, 4096} {
			if got := strings.Join(titles(c.console+"\n", size), "|"); got != c.want {
				t.Errorf("in pieces of %d: title %q, want %q, of\n%s", size, got, c.want, c.console)
			}
		}
	}
}

// Whole consoles of real guests, and in faults/ reports of what //vmtest/faults has
// committed. The first line of each file is its expected titles; none means that
// the console is clean.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	faults, err := filepath.Glob("testdata/faults/*.log")
	if err != nil || len(faults) < 30 {
		t.Fatalf("%d faults, %v", len(faults), err)
	}
	files = append(files, faults...)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		head, console, _ := strings.Cut(string(data), "\n")
		want := strings.TrimPrefix(head, "TITLES: ")
		if got := strings.Join(titles(console, 512), "|"); got != want {
			t.Errorf("%s: %q, want %q", f, got, want)
		}
	}
}

func TestReportsAreCounted(t *testing.T) {
	var s Scanner
	for i := range 5 {
		fmt.Fprintf(&s, "[    5.%d] refcount_t: underflow; use-after-free.\n[    5.%d] other\n", i, i)
	}
	r := s.Reports()
	if len(r) != 1 || r[0].Count != 5 || r[0].Line != 1 || r[0].Text != "[    5.0] refcount_t: underflow; use-after-free." {
		t.Errorf("%+v", r)
	}
}

func TestListIsBounded(t *testing.T) {
	var s Scanner
	for i := range 10 * maxReports {
		fmt.Fprintf(&s, "[    5.1] WARNING: trouble %s\n", strings.Repeat("x", i))
	}
	s.Write([]byte(strings.Repeat("y", 100<<20>>4)))
	if n := len(s.Reports()); n != maxReports {
		t.Errorf("%d reports", n)
	}
	if cap(s.line) > 4*maxLine {
		t.Errorf("a line of %d bytes is kept", cap(s.line))
	}
}

func FuzzScanner(f *testing.F) {
	f.Add("[    5.1] BUG: KASAN: double-free in kfree+0xd8/0x290\n[    5.1] Call Trace:\n", 7)
	f.Add("a[    5.123456] Oops: 0000 [#1]\nRIP: 0010:x+0x1/0x2 [y]\n\xff\x00\n", 2)
	f.Add("[ 1.1] WARNING: a\r\n[ 1.2] INFO: task a b:1 blocked for more than 1\n", 1)
	f.Fuzz(func(t *testing.T, console string, size int) {
		if len(console) == 0 {
			return
		}
		whole := titles(console, len(console))
		if pieces := titles(console, max(1, size%512)); !slices.Equal(whole, pieces) {
			t.Errorf("whole %q, in pieces %q", whole, pieces)
		}
		for _, title := range whole {
			if title == "" || strings.ContainsAny(title, "\n\r") || title != normalise(title) {
				t.Errorf("title %q is not in its final form", title)
			}
		}
	})
}
