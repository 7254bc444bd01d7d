/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No copy needs more than 4 KiB of stack, and none between small files more than 8 KiB, so that a thread with a
 * tiny stack may call it. The test fills the stack with a pattern before each copy and looks afterwards how
 * much of it was overwritten. */
#include <zsplice.h>
#include <ucontext.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define MOST 4096
#define CASES 41
#define SMALL 40

static _Alignas(64) unsigned char stack[32 << 10];
static int file, small, sparse, proc, sinks[5], in[2];

static int told(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	return 0;
}

/* Frames of the tests' own: 0. */
static void called(int which)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_COPY_RANGE | ZS_VIA_CLONE | ZS_VIA_SENDFILE,
					   T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_SENDFILE };
	static struct zs_result result;
	static struct zs_options options;
	static int64_t off;

	if (which == 0)
		return;
	options = (struct zs_options){ .avoid = avoids[which % 4] };
	if (which & 1) {
		options.flags = ZS_NOSIGPIPE | ZS_NO_CLONE;
		options.timeout_ns = T_MS(10000);
		options.progress = told;
	}
	off = 0;
	if (which == SMALL)
		(void)!zs_copy(small, &off, sinks[3], NULL, 300000, NULL, &result);
	else if (which % 8 == 7)
		(void)!zs_copy(in[0], NULL, sinks[which % 5], NULL, 1000, &options, &result);
	else
		(void)!zs_copy(which % 8 < 4 ? file : which % 8 < 6 ? sparse : proc, &off, sinks[which % 5], NULL,
			       300000, &options, &result);
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

static void *drains(void *argument)
{
	int *fd = argument;
	char bytes[4096];

	while (t_read(*fd, bytes, sizeof bytes) > 0)
		;
	return NULL;
}

int main(void)
{
	static int fds[3][2];
	static char bytes[60000];
	size_t bare;

	file = t_file(300000);
	small = t_file(T_PAGE);
	sparse = t_file(0);
	MUST(ftruncate(sparse, 300000) == 0);
	t_put_pattern(sparse, 100000, 100, 0);
	MUST((proc = open("/proc/self/status", O_RDONLY)) >= 0 && pipe(in) == 0);
	for (int kind = T_A_PIPE; kind <= T_A_TCP; kind++) {
		t_stream((enum t_stream)kind, fds[kind]);
		sinks[kind] = fds[kind][1];
		MUST(pthread_detach(t_thread(drains, &fds[kind][0])) == 0);
	}
	sinks[3] = t_file(0);
	sinks[4] = open("/dev/null", O_WRONLY);
	MUST(sinks[4] >= 0 && write(in[1], bytes, sizeof bytes) == sizeof bytes);
	/* Once before, so that the dynamic linker resolves the symbols. */
	for (int which = 0; which < CASES; which++)
		deep(which);
	bare = deep(0);
	OK(bare < 1024);
	for (int which = 1; which < CASES; which++) {
		size_t depth = deep(which);

		if (!OK(depth > bare && depth <= (which == SMALL ? 2 * MOST : MOST)))
			fprintf(stderr, "... %zu bytes, %zu of them the test's, case %d\n", depth, bare, which);
	}
	return t_done();
}
