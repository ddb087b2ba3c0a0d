// SPDX-License-Identifier: Apache-2.0
/*
 * How a dynamic program starts without a dynamic loader at a fixed path.
 *
 * A program that names its loader by an absolute path runs on the C library of
 * whatever machine executes it. The programs that this object is linked into
 * name none, so the kernel starts them here. This code looks for the loader
 * below the program's runfiles, does with it what the kernel would have done,
 * tells it to search the same folder for libraries, and jumps to it.
 * /proc/self/exe stays the program itself, so that sanitizers, debuggers and
 * profilers find its symbols.
 *
 * Nothing is relocated yet when it runs, and no C library is there: no call
 * leaves this file. Compile with
 *	RUNTIME_DIR	folder of loader and libraries, from the runfiles' root
 *	LOADER		the loader's name in it
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

struct ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct dyn {
	u64 tag, val;
};

#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_PHDR 6
#define PF_X 1
#define PF_W 2
#define PF_R 4
#define DT_STRTAB 5
#define DT_RPATH 15
#define DT_RUNPATH 29
#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_BASE 7
#define AT_ENTRY 9
#define AT_EXECFN 31
#define AT_FDCWD -100
#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_PRIVATE 2
#define MAP_FIXED 16
#define MAP_ANONYMOUS 32
#define O_RDONLY_CLOEXEC 02000000

#define PATH_SIZE 4096
#define PHDRS_MAX 32
#define HEAD_SIZE 4096

#if defined(__x86_64__)
#define SYS_write 1
#define SYS_close 3
#define SYS_mmap 9
#define SYS_pread64 17
#define SYS_getcwd 79
#define SYS_readlinkat 267
#define SYS_openat 257
#define SYS_exit_group 231

static long syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * The kernel enters with rdx zero. A loader that was given this program as its
 * argument enters with rdx set, and its work is done.
 */
__asm__(".globl tidelock_start\n"
	".hidden tidelock_start\n"
	".type tidelock_start, @function\n"
	"tidelock_start:\n"
	"	test %rdx, %rdx\n"
	"	jnz _start\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rbx\n"
	"	mov %rsp, %rdi\n"
	"	lea _start(%rip), %rsi\n"
	"	and $-16, %rsp\n"
	"	call tidelock_load\n"
	"	mov %rbx, %rsp\n"
	"	xor %ebx, %ebx\n"
	"	xor %edx, %edx\n"
	"	jmp *%rax\n"
	".size tidelock_start, .-tidelock_start\n");
#elif defined(__aarch64__)
#define SYS_openat 56
#define SYS_close 57
#define SYS_getcwd 17
#define SYS_readlinkat 78
#define SYS_pread64 67
#define SYS_write 64
#define SYS_exit_group 94
#define SYS_mmap 222

static long syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

/* As above, with x0 in place of rdx. */
__asm__(".globl tidelock_start\n"
	".hidden tidelock_start\n"
	".type tidelock_start, %function\n"
	"tidelock_start:\n"
	"	cbz x0, 1f\n"
	"	b _start\n"
	"1:	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x19, sp\n"
	"	mov x0, sp\n"
	"	adrp x1, _start\n"
	"	add x1, x1, :lo12:_start\n"
	"	bl tidelock_load\n"
	"	mov x16, x0\n"
	"	mov sp, x19\n"
	"	mov x0, #0\n"
	"	mov x19, #0\n"
	"	mov x30, #0\n"
	"	br x16\n"
	".size tidelock_start, .-tidelock_start\n");
#else
#error "programs are started on x86_64 and aarch64"
#endif

/* What the loader keeps pointers into. */
static char interp[PATH_SIZE + sizeof(RUNTIME_DIR "/" LOADER) + 16];
static char rpath[2 * sizeof(interp)];
static struct phdr phdrs[PHDRS_MAX + 2];

static u64 length(const char *s)
{
	u64 n = 0;

	while (s[n])
		n++;
	return n;
}

static void append(char *to, u64 size, const char *text)
{
	u64 at = length(to);

	while (*text && at + 1 < size)
		to[at++] = *text++;
	to[at] = 0;
}

static void say(const char *s)
{
	syscall6(SYS_write, 2, (long)s, (long)length(s), 0, 0, 0);
}

static __attribute__((noreturn)) void die(const char *program, const char *why, const char *more)
{
	say(program);
	say(": ");
	say(why);
	say(more);
	say("\n");
	for (;;)
		syscall6(SYS_exit_group, 127, 0, 0, 0, 0, 0);
}

/* Puts the last '/' and what follows away; false when nothing is left. */
static int cut_name(char *path)
{
	u64 i = length(path);

	if (!i)
		return 0;
	while (i && path[i - 1] != '/')
		i--;
	path[i ? i - 1 : 0] = 0;
	return 1;
}

/* Opens folder + suffix + "/" + RUNTIME_DIR + "/" + LOADER; interp is its path. */
static long open_below(const char *folder, const char *suffix)
{
	interp[0] = 0;
	append(interp, sizeof(interp), folder);
	append(interp, sizeof(interp), suffix);
	append(interp, sizeof(interp), "/" RUNTIME_DIR "/" LOADER);
	return syscall6(SYS_openat, AT_FDCWD, (long)interp, O_RDONLY_CLOEXEC, 0, 0, 0);
}

/*
 * Looks in the program's own runfiles, then in those that it lies in itself,
 * as far up as they may begin.
 */
static long open_loader(char *program)
{
	long fd = open_below(program, ".runfiles");

	while (fd < 0 && cut_name(program))
		fd = open_below(program, "");
	return fd;
}

static long find_loader(const char *execfn)
{
	char path[PATH_SIZE];
	long got = 0, fd = -1;

	path[0] = 0;
	if (execfn[0] != '/') {
		got = syscall6(SYS_getcwd, (long)path, sizeof(path), 0, 0, 0, 0);
		append(path, sizeof(path), "/");
	}
	if (got >= 0 && length(path) + length(execfn) < sizeof(path)) {
		append(path, sizeof(path), execfn);
		fd = open_loader(path);
	}
	if (fd >= 0)
		return fd;
	got = syscall6(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path,
		       sizeof(path) - 1, 0, 0);
	if (got <= 0)
		return -1;
	path[got] = 0;
	return open_loader(path);
}

static u64 page_down(u64 v, u64 page)
{
	return v & ~(page - 1);
}

static long map(u64 at, u64 size, long prot, long flags, long fd, u64 offset)
{
	return syscall6(SYS_mmap, (long)at, (long)size, prot, MAP_PRIVATE | flags, fd,
			(long)offset);
}

/* Maps one segment of the loader; false on an error. */
static int map_segment(const struct phdr *p, u64 base, u64 page, long fd)
{
	u64 start = page_down(p->vaddr, page), offset = page_down(p->offset, page);
	u64 file_end = p->vaddr + p->filesz, end = p->vaddr + p->memsz;
	u64 mapped = page_down(file_end + page - 1, page), i;
	long prot = (p->flags & PF_R ? PROT_READ : 0) | (p->flags & PF_W ? PROT_WRITE : 0) |
		    (p->flags & PF_X ? PROT_EXEC : 0);

	if (map(base + start, file_end - start, prot, MAP_FIXED, fd, offset) < 0)
		return 0;
	if (end == file_end)
		return 1;
	/* To the end of the page: the loader allocates from there, and counts on zeros. */
	for (i = file_end; i < mapped; i++)
		*(volatile char *)(base + i) = 0;
	return end <= mapped ||
	       map(base + mapped, end - mapped, prot, MAP_FIXED | MAP_ANONYMOUS, -1, 0) >= 0;
}

/* Maps the loader; returns its base, or 0. entry becomes where it starts. */
static u64 map_loader(long fd, u64 page, u64 *entry)
{
	union {
		struct ehdr header;
		char bytes[HEAD_SIZE];
	} head;
	const struct phdr *p;
	u64 end = 0, i;
	long base, got = syscall6(SYS_pread64, fd, (long)&head, sizeof(head), 0, 0, 0);

	if (got < (long)sizeof(head.header) || *(u32 *)head.header.ident != 0x464c457f ||
	    head.header.phentsize != sizeof(*p) ||
	    head.header.phoff + head.header.phnum * sizeof(*p) > (u64)got)
		return 0;
	p = (const struct phdr *)(head.bytes + head.header.phoff);
	for (i = 0; i < head.header.phnum; i++)
		if (p[i].type == PT_LOAD && p[i].vaddr + p[i].memsz > end)
			end = p[i].vaddr + p[i].memsz;
	base = map(0, end, PROT_NONE, MAP_ANONYMOUS, -1, 0);
	if (base < 0 && base > -4096)
		return 0;
	for (i = 0; i < head.header.phnum; i++)
		if (p[i].type == PT_LOAD && !map_segment(&p[i], (u64)base, page, fd))
			return 0;
	*entry = (u64)base + head.header.entry;
	return (u64)base;
}

/*
 * Makes the loader search its own folder first, by a new text for the
 * program's DT_RPATH. The offset may point outside of the string table.
 */
static void set_rpath(struct dyn *dynamic)
{
	struct dyn *d;
	u64 strtab = 0, i;

	for (i = 0; interp[i]; i++)
		rpath[i] = interp[i];
	cut_name(rpath);
	for (d = dynamic; d->tag; d++)
		if (d->tag == DT_STRTAB)
			strtab = d->val;
	for (d = dynamic; d->tag; d++) {
		if (d->tag != DT_RPATH && d->tag != DT_RUNPATH)
			continue;
		append(rpath, sizeof(rpath), ":");
		append(rpath, sizeof(rpath), (const char *)(strtab + d->val));
		d->val = (u64)rpath - strtab;
		return;
	}
}

/* Returns where the loader starts. main is where it shall go when it is done. */
__attribute__((used, visibility("hidden"))) u64 tidelock_load(u64 *stack, u64 main)
{
	const char *program = (const char *)stack[1];
	u64 *aux = stack + 1 + stack[0] + 1;
	u64 *set_phdr = 0, *set_phnum = 0, *set_base = 0, *set_entry = 0;
	u64 page = 4096, entry = 0, i, n;
	const struct phdr *old;
	long fd;

	while (*aux++)
		;
	for (; aux[0] != AT_NULL; aux += 2) {
		switch (aux[0]) {
		case AT_PHDR:
			set_phdr = aux + 1;
			break;
		case AT_PHNUM:
			set_phnum = aux + 1;
			break;
		case AT_PAGESZ:
			page = aux[1];
			break;
		case AT_BASE:
			set_base = aux + 1;
			break;
		case AT_ENTRY:
			set_entry = aux + 1;
			break;
		case AT_EXECFN:
			program = (const char *)aux[1];
			break;
		}
	}
	if (!set_phdr || !set_phnum || !set_base || !set_entry || *set_phnum > PHDRS_MAX)
		die(program, "start: the kernel does not say where the program lies", "");
	fd = find_loader(program);
	if (fd < 0)
		die(program, "start: the program's C library is not among its runfiles: ",
		    "add //toolchains/cc:runtime to its data (wanted: " RUNTIME_DIR "/" LOADER ")");
	*set_base = map_loader(fd, page, &entry);
	if (!*set_base)
		die(program, "start: this dynamic loader cannot be mapped: ", interp);
	syscall6(SYS_close, fd, 0, 0, 0, 0, 0);

	/*
	 * The loader learns from the program headers where the program lies
	 * (PT_PHDR: it is linked to fixed addresses) and its own name (PT_INTERP).
	 */
	old = (const struct phdr *)*set_phdr;
	phdrs[0].type = PT_PHDR;
	phdrs[0].flags = PF_R;
	phdrs[0].vaddr = (u64)phdrs;
	phdrs[1].type = PT_INTERP;
	phdrs[1].flags = PF_R;
	phdrs[1].vaddr = (u64)interp;
	phdrs[1].filesz = length(interp) + 1;
	n = 2;
	for (i = 0; i < *set_phnum; i++) {
		u64 *from = (u64 *)&old[i], *to = (u64 *)&phdrs[n];
		u64 j;

		if (old[i].type == PT_PHDR)
			continue;
		if (old[i].type == PT_DYNAMIC)
			set_rpath((struct dyn *)old[i].vaddr);
		for (j = 0; j < sizeof(*old) / sizeof(u64); j++)
			to[j] = from[j];
		n++;
	}
	phdrs[0].filesz = phdrs[0].memsz = n * sizeof(*phdrs);
	phdrs[1].memsz = phdrs[1].filesz;
	*set_phdr = (u64)phdrs;
	*set_phnum = n;
	*set_entry = main;
	return entry;
}
