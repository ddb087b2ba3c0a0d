# SPDX-License-Identifier: Apache-2.0
"""Which fault is seen by which kind of kernel, and as what."""

def _row(kinds, expect_class, title, append = None, cpus = 1):
    """One fault.

    Args:
      kinds: the kinds of debug kernel that should see it.
      expect_class: class of the verdict.
      title: pattern for its whole title.
      append: further parameters of the kernel.
      cpus: how many the fault needs.
    """
    return struct(append = append or [], cpus = cpus, expect = (expect_class, title), kinds = kinds)

_ANY = ["kasan", "kcsan"]

FAULTS = {
    "boot-failure": _row(_ANY, "BOOTFAIL", "panic: no (root file system|working init)", append = ["rdinit=/missing"]),
    "bug": _row(_ANY, "SPLAT", "kernel BUG at (module/)?progress.c:[0-9]+ in bug .*"),
    "data-race": _row(["kcsan"], "SPLAT", "KCSAN: data-race in racer .*", cpus = 2),
    "double-free": _row(["kasan"], "SPLAT", "KASAN: double-free( or invalid-free)? in (double_free .*|__kmem_cache_free)"),
    "global-out-of-bounds": _row(["kasan"], "SPLAT", "KASAN: global-out-of-bounds in global_out_of_bounds .*"),
    "hung-task": _row(_ANY, "SPLAT", "hung task commit", append = ["sysctl.kernel.hung_task_timeout_secs=5"]),
    "kfence-use-after-free": _row(["kasan"], "SPLAT", "KFENCE: use-after-free( read)? in kfence_use_after_free .*"),
    "leak": _row(["kasan"], "LEAK", "kmemleak: unreferenced object from leak .*"),
    "list-corruption": _row(_ANY, "SPLAT", "list_del corruption"),
    "lock-inversion": _row(_ANY, "SPLAT", "lockdep: circular locking dependency in lock_inversion .*"),
    "null-dereference": _row(_ANY, "SPLAT", "(BUG: kernel NULL pointer dereference|Unable to handle kernel NULL pointer dereference|KASAN: null-ptr-deref) in null_dereference .*"),
    "page-poison": _row(["kasan"], "SPLAT", "page poison: memory corruption", append = [
        "page_poison=on",
        "debug_pagealloc=off",
    ]),
    "page-use-after-free": _row(["kasan"], "SPLAT", "KASAN: use-after-free in page_use_after_free .*"),
    "panic": _row(_ANY, "SPLAT", "panic: a panic on purpose"),
    "rcu-stall": _row(_ANY, "SPLAT", "RCU stall", append = [
        "rcupdate.rcu_cpu_stall_timeout=5",
        "sysctl.kernel.panic_on_rcu_stall=1",
    ]),
    "recursive-lock": _row(_ANY, "SPLAT", "lockdep: recursive locking in recursive_lock .*", append = ["sysctl.kernel.hung_task_timeout_secs=5"]),
    "refcount-underflow": _row(_ANY, "SPLAT", "refcount_t: underflow"),
    "schedule-in-atomic": _row(_ANY, "SPLAT", "BUG: scheduling while atomic"),
    "shift-out-of-bounds": _row(["kasan"], "SPLAT", "UBSAN: shift-out-of-bounds in [./]*module/memory.c:[0-9]+:[0-9]+"),
    "slab-out-of-bounds": _row(["kasan"], "SPLAT", "KASAN: slab-out-of-bounds in slab_out_of_bounds .*"),
    "sleep-in-atomic": _row(_ANY, "SPLAT", "BUG: sleeping function called from invalid context at (module/)?locking.c"),
    "soft-lockup": _row(_ANY, "SPLAT", "BUG: soft lockup in soft_lockup .*", append = ["watchdog_thresh=5"]),
    "stack-out-of-bounds": _row(["kasan"], "SPLAT", "KASAN: stack-out-of-bounds in stack_out_of_bounds .*"),
    # The kcsan kernels have no page below each stack that is not mapped.
    "stack-overflow": _row(["kasan"], "SPLAT", "(BUG: stack guard page was hit|kernel stack overflow).*"),
    "suspicious-rcu": _row(_ANY, "SPLAT", "lockdep: suspicious RCU usage"),
    "timer-freed-while-active": _row(["kasan"], "SPLAT", "ODEBUG: free"),
    "use-after-free": _row(["kasan"], "SPLAT", "KASAN: (slab-)?use-after-free in use_after_free .*"),
    "warning": _row(_ANY, "SPLAT", "WARNING in warning .*"),
    "workqueue-lockup": _row(_ANY, "SPLAT", "BUG: workqueue lockup", append = ["workqueue.watchdog_thresh=5"]),
}

# Faults whose reports are written by code of the architecture, or that each series
# words in its own way.
EVERYWHERE = [
    "lock-inversion",
    "null-dereference",
    "use-after-free",
]

def first_of(row, kernels, default):
    """The kernel that is asked first whether it sees a fault.

    Args:
      row: of the table.
      kernels: DEBUG_KERNELS.
      default: DEFAULT_DEBUG_KERNEL, which is taken where it sees the fault.

    Returns:
      Its key.
    """
    if kernels[default].flavour in row.kinds:
        return default
    return [key for key, kernel in kernels.items() if kernel.flavour in row.kinds and not kernel.nightly][0]
