// SPDX-License-Identifier: Apache-2.0

package lock

// Fact is a configuration symbol that a lock records of each kernel, because
// somebody who builds, signs, checks or loads a module decides by it.
type Fact struct {
	// Name is the symbol without "CONFIG_", as the newest kernels call it.
	Name string
	// Old is what earlier kernels called the same thing, if they did.
	Old string
	// Arch is the only architecture that has the symbol; "" for all.
	Arch string
	// Text marks strings and numbers: absent is then "" and not "n".
	Text bool
	// Why says who needs it.
	Why string
}

// Facts holds the recorded symbols, sorted by name.
var Facts = []Fact{
	{Name: "ARM64_16K_PAGES", Arch: "aarch64", Why: "page size: decides on buffer sizes and on which hardware a boot test can run"},
	{Name: "ARM64_64K_PAGES", Arch: "aarch64", Why: "page size, as above"},
	{Name: "ARM64_BTI_KERNEL", Arch: "aarch64", Why: "indirect branches need landing pads, also in hand-written assembly"},
	{Name: "ARM64_PTR_AUTH_KERNEL", Arch: "aarch64", Why: "return addresses are signed: changes the code of every function"},
	{Name: "BPF_STREAM_PARSER", Why: "sockmap can replace a socket's protocol operations, which are hooked too"},
	{Name: "CALL_PADDING", Arch: "x86_64", Why: "functions begin with padding: changes the compiler's flags and objtool's"},
	{Name: "CFI", Old: "CFI_CLANG", Why: "indirect calls are checked by type: callbacks must have the exact prototype"},
	{Name: "CRYPTO_CHACHA20POLY1305", Why: "kTLS can take ChaCha20-Poly1305 only with it"},
	{Name: "CRYPTO_GCM", Why: "kTLS can take AES-GCM only with it"},
	{Name: "DEBUG_INFO_BTF", Why: "the kernel has BTF: tracing of the module by type is possible"},
	{Name: "DEBUG_INFO_BTF_MODULES", Why: "kbuild runs pahole on modules and wants vmlinux for it"},
	{Name: "EXTENDED_MODVERSIONS", Why: "long symbol names: versions stand in another section"},
	{Name: "FRAME_WARN", Text: true, Why: "the stack frame above which the compiler warns"},
	{Name: "FUNCTION_TRACER", Why: "functions begin with a call or padding for ftrace"},
	{Name: "GCC_PLUGINS", Why: "the kernel was built with compiler plugins, which must be rebuilt for modules"},
	{Name: "GENDWARFKSYMS", Why: "symbol versions come from gendwarfksyms, not from genksyms"},
	{Name: "IO_URING", Why: "programs can do socket I/O around the system calls that are hooked"},
	{Name: "IPV6", Why: "y, m or n: whether tcpv6_prot is in the kernel or in a module"},
	{Name: "KPROBES", Why: "whether probes can be used to find functions that are not exported"},
	{Name: "LIVEPATCH", Why: "the kernel's functions may be replaced while the module is loaded"},
	{Name: "LOCALVERSION", Text: true, Why: "the part of the release that the distribution adds"},
	{Name: "MITIGATION_RETHUNK", Old: "RETHUNK", Arch: "x86_64", Why: "returns go through a thunk, also in hand-written assembly"},
	{Name: "MITIGATION_RETPOLINE", Old: "RETPOLINE", Arch: "x86_64", Why: "indirect branches go through thunks; modpost marks modules without"},
	{Name: "MITIGATION_SLS", Old: "SLS", Arch: "x86_64", Why: "returns are followed by a trap, also in hand-written assembly"},
	{Name: "MODULE_SIG", Why: "modules can be signed; unsigned ones taint the kernel"},
	{Name: "MODULE_SIG_FORCE", Why: "unsigned modules are refused"},
	{Name: "MODULE_SIG_HASH", Text: true, Why: "the digest to sign with"},
	{Name: "MODULE_SRCVERSION_ALL", Why: "modules carry a srcversion"},
	{Name: "MODULE_UNLOAD", Why: "the module can be removed again"},
	{Name: "MODVERSIONS", Why: "each symbol that a module uses is checked by its CRC at load"},
	{Name: "MPTCP", Why: "sockets exist that go around tcp_prot"},
	{Name: "MPTCP_IPV6", Why: "the same for IPv6"},
	{Name: "OBJTOOL", Old: "STACK_VALIDATION", Why: "kbuild runs objtool on the module"},
	{Name: "PAHOLE_VERSION", Text: true, Why: "the pahole that made the kernel's BTF; an older one cannot read it"},
	{Name: "PREEMPT", Why: "stands in vermagic"},
	{Name: "PREEMPT_DYNAMIC", Why: "preemption is chosen at boot; stands in vermagic as preempt"},
	{Name: "PREEMPT_RT", Why: "spinlocks sleep: stands in vermagic and changes what a hook may do"},
	{Name: "RANDSTRUCT", Old: "GCC_PLUGIN_RANDSTRUCT", Why: "structures are laid out by a secret seed: modules need it"},
	{Name: "SHADOW_CALL_STACK", Arch: "aarch64", Why: "a register is reserved: changes the code of every function"},
	{Name: "SMC", Why: "sockets can switch from TCP to SMC, around the hooks"},
	{Name: "SMP", Why: "stands in vermagic"},
	{Name: "STACKPROTECTOR_PER_TASK", Why: "the canary's offset in the task structure is a compiler flag"},
	{Name: "STACKPROTECTOR_STRONG", Why: "changes the code of functions"},
	{Name: "TLS", Why: "y, m or n: whether kTLS can carry the records or the module must"},
	{Name: "TLS_DEVICE", Why: "kTLS can be offloaded to the network card, and its socket structures are larger"},
	{Name: "TRIM_UNUSED_KSYMS", Why: "symbols that no module of the distribution uses are not exported"},
	{Name: "UNWINDER_ORC", Arch: "x86_64", Why: "objtool writes unwind tables into the module"},
	{Name: "VMAP_STACK", Why: "stack memory cannot be used for DMA or scatterlists"},
	{Name: "X86_KERNEL_IBT", Arch: "x86_64", Why: "indirect branches need landing pads, also in hand-written assembly"},
}
