// SPDX-License-Identifier: Apache-2.0
/*
 * The program that stands in front of each relocated Debian program.
 *
 * An ELF program names its dynamic loader by an absolute path, so it would run
 * on the C library of whatever machine executes it. In a tool root every such
 * program is replaced by a copy of this launcher, which starts the root's own
 * loader on the real file. It is freestanding and static: it needs nothing but
 * a kernel, and behaves the same on any host, in a sandbox and on a remote
 * executor.
 *
 * toolroot fills in config: NUL-separated arguments for execve, ended by an
 * empty one. In them \1 stands for the folder of the launcher and \2 for the
 * path it was started by.
 */

#define CONFIG_SIZE 4096
#define ARGS_MAX 64
#define PATH_SIZE 4096
#define AT_NULL 0
#define AT_EXECFN 31
#define AT_FDCWD -100
#define ENOENT 2

/* The magic is how toolroot finds the place; it is not a valid argument. */
__attribute__((section(".data"), used)) volatile char config[CONFIG_SIZE] =
	"@tidelock-launcher-config@";

typedef unsigned long word;

#if defined(__x86_64__)
#define SYS_write 1
#define SYS_exit_group 231
#define SYS_execve 59
#define SYS_readlinkat 267

static long syscall4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call launch\n"
	"	hlt\n");
#elif defined(__aarch64__)
#define SYS_write 64
#define SYS_exit_group 94
#define SYS_execve 221
#define SYS_readlinkat 78

static long syscall4(long n, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x0, sp\n"
	"	bl launch\n"
	"	brk #0\n");
#else
#error "the launcher knows x86_64 and aarch64"
#endif

static word length(const char *s)
{
	word n = 0;

	while (s[n])
		n++;
	return n;
}

static void say(const char *s)
{
	syscall4(SYS_write, 2, (long)s, (long)length(s), 0);
}

static __attribute__((noreturn)) void die(const char *path, const char *why)
{
	say(path);
	say(": ");
	say(why);
	say("\n");
	for (;;)
		syscall4(SYS_exit_group, 127, 0, 0, 0);
}

static int starts_with(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return !*prefix;
}

/* Takes out what would make the root's loader load the host's libraries. */
static void clean_environment(char **envp)
{
	char **to = envp;

	for (; *envp; envp++)
		if (!starts_with(*envp, "LD_PRELOAD=") && !starts_with(*envp, "LD_LIBRARY_PATH=") &&
		    !starts_with(*envp, "LD_AUDIT="))
			*to++ = *envp;
	*to = 0;
}

static int has_slash(const char *s)
{
	while (*s && *s != '/')
		s++;
	return *s == '/';
}

/* Cuts the last component off; a bare name becomes ".". */
static void cut_name(char *path)
{
	word i = length(path);

	while (i && path[i - 1] != '/')
		i--;
	if (i > 1) {
		path[i - 1] = 0;
	} else if (i == 0) {
		path[0] = '.';
		path[1] = 0;
	}
}

/*
 * Expands config into args[], with its text in text[]. Returns the number of
 * arguments, or dies when they do not fit.
 */
static word expand(char **args, char *text, word size, const char *dir, const char *self)
{
	word n = 0, used = 0, i = 0, j;
	const char *insert;

	while (config[i]) {
		if (n == ARGS_MAX)
			die(self, "launcher: too many arguments in its configuration");
		args[n++] = text + used;
		for (; config[i]; i++) {
			char one[2] = { config[i], 0 };

			insert = config[i] == '\1' ? dir : config[i] == '\2' ? self : one;
			for (j = 0; insert[j]; j++) {
				if (used + 2 > size)
					die(self, "launcher: path too long");
				text[used++] = insert[j];
			}
		}
		text[used++] = 0;
		i++;
	}
	return n;
}

__attribute__((noreturn, used)) void launch(word *stack)
{
	word argc = stack[0];
	char **argv = (char **)(stack + 1);
	char **envp = argv + argc + 1;
	char **e = envp;
	word *aux;
	const char *self = argv[0];
	char dir[PATH_SIZE], text[2 * CONFIG_SIZE + 4 * PATH_SIZE];
	char *args[ARGS_MAX + argc + 1];
	word i, n;
	long ret = -ENOENT;
	int try;

	while (*e)
		e++;
	for (aux = (word *)(e + 1); aux[0] != AT_NULL; aux += 2)
		if (aux[0] == AT_EXECFN)
			self = (const char *)aux[1];
	/* After the auxiliary vector was found: it starts where the environment ended. */
	clean_environment(envp);
	if (config[0] == '@')
		die(self, "launcher: not configured; toolroot writes the configuration");

	/*
	 * Relative to the path that was executed, so that a tree of links works
	 * as a tree. As the interpreter of a script that path is the script's,
	 * and the launcher's own is the name the kernel gave it. For a lone link
	 * only /proc knows the file, where there is a /proc.
	 */
	for (try = 0; try < 3; try++) {
		const char *name = try == 1 ? argv[0] : self;

		if (try == 1 && (!has_slash(name) || name == self))
			continue;
		if (try == 2) {
			long len = syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe",
					    (long)dir, sizeof(dir) - 1);

			if (len <= 0)
				break;
			dir[len] = 0;
		} else {
			word len = length(name);

			if (len + 2 > sizeof(dir))
				die(self, "launcher: path too long");
			for (i = 0; i <= len; i++)
				dir[i] = name[i];
		}
		cut_name(dir);
		n = expand(args, text, sizeof(text), dir, name);
		for (i = 1; i < argc; i++)
			args[n++] = argv[i];
		args[n] = 0;
		ret = syscall4(SYS_execve, (long)args[0], (long)args, (long)envp, 0);
		if (ret != -ENOENT)
			break;
	}
	die(self, ret == -ENOENT ? "launcher: the tool root's loader is not there"
				 : "launcher: the tool root's loader cannot be run");
}
