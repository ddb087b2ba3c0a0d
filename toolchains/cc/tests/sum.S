// SPDX-License-Identifier: Apache-2.0
/* uint64_t sum(const uint64_t *from, uint64_t count) */
#define SYMBOL sum

	.text
	.globl	SYMBOL
	.type	SYMBOL, %function
SYMBOL:
#if defined(__x86_64__)
	xor	%eax, %eax
1:	test	%rsi, %rsi
	jz	2f
	add	(%rdi), %rax
	add	$8, %rdi
	dec	%rsi
	jmp	1b
2:	ret
#elif defined(__aarch64__)
	mov	x2, #0
1:	cbz	x1, 2f
	ldr	x3, [x0], #8
	add	x2, x2, x3
	sub	x1, x1, #1
	b	1b
2:	mov	x0, x2
	ret
#endif
	.size	SYMBOL, .-SYMBOL
	.section .note.GNU-stack,"",%progbits
