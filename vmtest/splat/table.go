// SPDX-License-Identifier: Apache-2.0

// Package splat finds, in a kernel's console, the reports by which a kernel says
// that something is wrong with it, and gives each a short title that stays the
// same from run to run: no address, no CPU, no process number.
package splat

import "regexp"

// Kind says which class of verdict a report leads to.
type Kind int

// The kinds of report.
const (
	// Splat is a defect that the kernel noticed.
	Splat Kind = iota
	// Leak is memory that nothing points to any more.
	Leak
	// Boot is a kernel that cannot start its first program.
	Boot
)

// pattern is one kind of report.
type pattern struct {
	// re matches the message of a line, after the time stamp and from its start.
	re *regexp.Regexp
	// title is the title, with $1, $2 … of re; names are normalised afterwards.
	title string
	kind  Kind
	// where is set for reports whose first line does not say which function was
	// at fault: it is looked for in the lines that follow, and " in FUNCTION"
	// goes to the title.
	where *regexp.Regexp
	// follows is set for a line that also stands inside other reports: it starts
	// one of its own only when none is being read.
	follows bool
}

// whereLines is how far the line that names the function may stand from the
// first line of a report: a register dump and a list of modules lie between.
const whereLines = 30

// function is a symbol with its offset and, in a module, the module's name.
const function = `\S+(?: \[[^\]]+\])?`

var (
	// instruction pointer of an exception, x86 and arm64.
	ip = regexp.MustCompile(`^(?:RIP: 0010:|pc : )(` + function + `)`)
	// first frame of the trace that a lockdep report prints at "lock acquisition".
	atLock = regexp.MustCompile(`, at: (` + function + `)`)
)

func p(re, title string, kind Kind, where *regexp.Regexp) pattern {
	return pattern{re: regexp.MustCompile(`^(?:` + re + `)`), title: title, kind: kind, where: where}
}

func also(re, title string, where *regexp.Regexp) pattern {
	q := p(re, title, Splat, where)
	q.follows = true
	return q
}

// patterns are tried in order; the first that matches names the report, so the
// special ones stand before the general ones.
var patterns = []pattern{
	// Memory checkers.
	p(`BUG: KASAN: (.+?) in (`+function+`)`, "KASAN: $1 in $2", Splat, nil),
	p(`BUG: KASAN: (.+)`, "KASAN: $1", Splat, nil),
	p(`BUG: KFENCE: (.+?) in (`+function+`)`, "KFENCE: $1 in $2", Splat, nil),
	p(`BUG: KCSAN: (\S+) in (`+function+`) / (`+function+`)`, "KCSAN: $1 in $2 / $3", Splat, nil),
	p(`BUG: KCSAN: (.+)`, "KCSAN: $1", Splat, nil),
	p(`BUG: KMSAN: (\S+) in (`+function+`)`, "KMSAN: $1 in $2", Splat, nil),
	p(`UBSAN: (\S+) in (`+function+`)`, "UBSAN: $1 in $2", Splat, nil),
	p(`UBSAN: (.+)`, "UBSAN: $1", Splat, nil),
	p(`kmemleak: \d+ new suspected memory leaks`, "kmemleak: suspected memory leaks", Leak, nil),
	p(`unreferenced object 0x[0-9a-f]+`, "kmemleak: unreferenced object", Leak, nil),
	p(`BUG (\S+) \([^)]*\): (.+)`, "SLUB: $2 in cache $1", Splat, nil),
	p(`pagealloc: (memory corruption|single bit error)`, "page poison: $1", Splat, nil),
	p(`page_poison: (.+)`, "page poison: $1", Splat, nil),

	// Locking.
	p(`WARNING: possible circular locking dependency detected`, "lockdep: circular locking dependency", Splat, atLock),
	p(`WARNING: possible recursive locking detected`, "lockdep: recursive locking", Splat, atLock),
	p(`WARNING: possible irq lock inversion dependency detected`, "lockdep: irq lock inversion", Splat, atLock),
	p(`WARNING: .+-safe -> .+-unsafe lock order detected`, "lockdep: irq-safe to irq-unsafe lock order", Splat, atLock),
	p(`WARNING: inconsistent lock state`, "lockdep: inconsistent lock state", Splat, atLock),
	p(`WARNING: suspicious RCU usage`, "lockdep: suspicious RCU usage", Splat, nil),
	p(`WARNING: bad unlock balance detected`, "lockdep: bad unlock balance", Splat, atLock),
	p(`WARNING: (held lock freed|lock held when returning to user space|Nested lock was not taken|bad contention detected)`, "lockdep: $1", Splat, nil),
	p(`\[ BUG: Invalid wait context \]`, "lockdep: invalid wait context", Splat, atLock),
	p(`BUG: (spinlock|rwlock|rwsem) (.+?) on CPU#\d+`, "BUG: $1 $2", Splat, nil),
	p(`DEBUG_LOCKS_WARN_ON\((.+?)\)`, "lockdep: DEBUG_LOCKS_WARN_ON($1)", Splat, nil),
	p(`BUG: sleeping function called from invalid context at (\S+?):\d+`, "BUG: sleeping function called from invalid context at $1", Splat, nil),
	p(`BUG: scheduling while atomic`, "BUG: scheduling while atomic", Splat, nil),
	p(`BUG: workqueue leaked (?:lock or )?atomic`, "BUG: workqueue leaked lock or atomic", Splat, nil),

	// Something does not move any more.
	p(`(?:watchdog: )?BUG: soft lockup`, "BUG: soft lockup", Splat, ip),
	p(`(?:watchdog: |NMI watchdog: )?Watchdog detected hard LOCKUP`, "hard lockup", Splat, ip),
	p(`rcu: INFO: \S+ (?:self-)?detected (?:expedited )?stall`, "RCU stall", Splat, nil),
	p(`rcu: \S+ kthread (?:timer wakeup didn't happen|starved) for`, "RCU kthread starved", Splat, nil),
	p(`INFO: \S+ detected expedited stalls`, "RCU stall", Splat, nil),
	p(`INFO: task (\S+?):\d+ blocked for more than`, "hung task $1", Splat, nil),
	p(`INFO: task (\S+?):\d+ blocked (?:on|in) .+ for more than`, "hung task $1", Splat, nil),
	p(`BUG: workqueue lockup`, "BUG: workqueue lockup", Splat, nil),
	p(`unregister_netdevice: waiting for (\S+) to become free`, "unregister_netdevice: waiting for $1", Splat, nil),

	// Reference counts, lists, objects.
	p(`refcount_t: ([^.;]+)`, "refcount_t: $1", Splat, nil),
	p(`(list_(?:add|del) corruption)`, "$1", Splat, nil),
	p(`ref_tracker: .*(leaked reference|has \d+/\d+ users)`, "ref_tracker: leaked reference", Splat, nil),
	p(`ODEBUG: (.+?) (?:active|object)`, "ODEBUG: $1", Splat, nil),
	p(`kobject: .*(?:does not have a release|tried to init an initialized)`, "kobject misuse", Splat, nil),

	// The stack.
	p(`BUG: (?:TASK stack guard page|stack guard page|IRQ stack guard page) was hit`, "BUG: stack guard page was hit", Splat, ip),
	p(`Insufficient stack space to handle exception`, "kernel stack overflow", Splat, ip),
	p(`(?:Kernel panic - not syncing: )?stack-protector: Kernel stack is corrupted in: (\S+)`, "stack-protector: corrupted stack in $1", Splat, nil),
	p(`Kernel panic - not syncing: kernel stack overflow`, "kernel stack overflow", Splat, nil),
	p(`corrupted stack end detected`, "corrupted stack end", Splat, nil),

	// Exceptions.
	p(`BUG: kernel NULL pointer dereference`, "BUG: kernel NULL pointer dereference", Splat, ip),
	p(`BUG: unable to handle (.+?) (?:for address|at)\b`, "BUG: unable to handle $1", Splat, ip),
	p(`Unable to handle kernel (.+?) at virtual address`, "Unable to handle kernel $1", Splat, ip),
	p(`kernel BUG at (\S+)!`, "kernel BUG at $1", Splat, ip),
	p(`general protection fault`, "general protection fault", Splat, ip),
	also(`(divide error|invalid opcode|stack segment|double fault|int3|alignment check)(?:: |,)`, "$1", ip),
	also(`Internal error: (.+?)(?::| \[)`, "Internal error: $1", ip),
	also(`Oops: ([a-z ]+)`, "Oops: $1", ip),
	also(`Oops\b`, "Oops", ip),
	p(`Bad mode in (.+?) handler detected`, "Bad mode in $1 handler", Splat, ip),

	// Warnings.
	p(`WARNING: CPU: \d+ PID: \d+ at \S+ (`+function+`)`, "WARNING in $1", Splat, nil),
	p(`WARNING: CPU: \d+ PID: \d+ at (\S+)`, "WARNING at $1", Splat, nil),
	p(`WARNING: \S+ at (`+function+`), CPU#\d+`, "WARNING in $1", Splat, nil),
	p(`WARNING: (.+)`, "WARNING: $1", Splat, nil),
	p(`BUG: (.+)`, "BUG: $1", Splat, nil),
	p(`\[ BUG: (.+?) \]`, "BUG: $1", Splat, nil),

	// No defect where memory is short on purpose; elsewhere somebody asked for too much.
	p(`\S.{0,60}?: (page allocation failure|vmalloc error): `, "$1", Splat, nil),

	// The end.
	p(`Kernel panic - not syncing: VFS: Unable to mount root fs`, "panic: no root file system", Boot, nil),
	p(`Kernel panic - not syncing: (?:No working init found|Requested init \S+ failed)`, "panic: no working init", Boot, nil),
	p(`Kernel panic - not syncing: (.+)`, "panic: $1", Splat, nil),
	p(`Out of memory: Killed process \d+ \((.+?)\)`, "out of memory: killed $1", Splat, nil),
	// These print a stack trace and are no defect of the kernel.
	p(`\S+ invoked oom-killer`, "", Splat, nil),
	p(`Memory cgroup out of memory: Killed process`, "", Splat, nil),
	p(`sysrq: Show `, "", Splat, nil),
}

// Ignore is a report that is known and does not spoil a verdict.
type Ignore struct {
	// Title matches the whole title.
	Title *regexp.Regexp
	// Reason says why it may be ignored; it is printed with each use.
	Reason string
}
