/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No function needs more than 4 KiB of stack, so that a thread or a signal handler with a tiny stack may call
 * it. The test fills the stack with a pattern before each call and looks afterwards how much of it was
 * overwritten. */
#include <zsplice.h>
#include <ucontext.h>
#include "t.h"

#define MOST 4096

static int file, out, in[2], into[2], copy[2], tcp[2];
static _Alignas(64) unsigned char stack[32 << 10];

static void transfer(int which)
{
	struct zs_result result;
	int64_t off = 50;

	switch (which) {
	case 0: /* no call of the library: the stack that the test itself uses */
		break;
	case 1:
		(void)!zs_splice_full(file, &off, into[1], NULL, ZS_TO_END, 0, &result);
		break;
	case 2:
		(void)!zs_sendfile_full(out, file, &off, ZS_TO_END, 0, &result);
		break;
	case 3:
		(void)!zs_copy_range_full(file, NULL, out, NULL, ZS_TO_END, 0, &result);
		break;
	case 4:
		(void)!zs_tee_full(in[0], copy[1], into[1], ZS_TO_END, 0, &result);
		break;
	case 5:
		(void)!zs_splice_full(tcp[1], NULL, into[1], NULL, ZS_TO_END, 0, &result);
		break;
	default:
		(void)!zs_splice_full(tcp[1], NULL, into[1], NULL, ZS_TO_END, 0x80, &result);
		break;
	}
}

static void called(int which)
{
	transfer(which);
}

/* How many bytes of a stack of its own a call uses; the stack is filled with the pattern first. */
static size_t deep(int which)
{
	ucontext_t here, there;
	size_t untouched = 0;

	memset(stack, 0xa5, sizeof stack);
	MUST(getcontext(&there) == 0);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof stack;
	there.uc_link = &here;
	makecontext(&there, (void (*)(void))called, 1, which);
	MUST(swapcontext(&here, &there) == 0);
	while (untouched < sizeof stack && stack[untouched] == 0xa5)
		untouched++;
	return sizeof stack - untouched;
}

int main(void)
{
	size_t bare;

	file = t_file(100);
	out = t_file(0);
	MUST(pipe(in) == 0 && pipe(into) == 0 && pipe(copy) == 0 && write(in[1], "four", 4) == 4);
	t_tcp_pair(tcp, 0, 0);
	MUST(write(tcp[0], "four", 4) == 4 && close(in[1]) == 0 && shutdown(tcp[0], SHUT_WR) == 0);
	for (int which = 0; which < 7; which++)
		deep(which); /* once before, so that the dynamic linker resolves the symbols */
	bare = deep(0);
	OK(bare < 1024);
	for (int which = 1; which < 7; which++) {
		size_t depth = deep(which);

		if (!OK(depth > bare && depth <= MOST))
			fprintf(stderr, "... %zu bytes, %zu of them the test's, case %d\n", depth, bare, which);
	}
	OK(t_bytes_available(into[0]) > 0);
	return t_done();
}
