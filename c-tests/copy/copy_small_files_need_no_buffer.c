/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file of a page at most is read and written through memory on the stack. A larger one, still small, needs a
 * buffer; where there is no memory for one, copy_file_range(2), sendfile(2) or splice(2), which need none, copy
 * it. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#ifndef __GLIBC__
int main(void)
{
	t_skip("only glibc has other names for malloc(3)");
}
#else
void *__libc_calloc(size_t count, size_t size);
void *__libc_malloc(size_t size);

static int is_short;

/* What the library allocates with: the program's own functions are found first. */
void *calloc(size_t count, size_t size)
{
	return is_short ? NULL : __libc_calloc(count, size);
}

void *malloc(size_t size)
{
	return is_short ? NULL : __libc_malloc(size);
}

static int64_t short_of_memory(int in, int out, uint32_t avoid, struct zs_result *result)
{
	int64_t got;

	is_short = 1;
	got = T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, result, .avoid = avoid);
	is_short = 0;
	return got;
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_COPY_RANGE, ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE };
	struct zs_result result;
	int in = t_file(6000), page = t_file(T_PAGE), copy = t_file(0);

	T_EQ(short_of_memory(page, copy, T_ALL_VIA & ~ZS_VIA_READ_WRITE, &result), T_PAGE);
	T_EQ(result.copied, T_PAGE);
	OK(t_same_bytes(page, copy));
	for (int i = 0; i < 3; i++) {
		int out = t_file(0);

		T_EQ(short_of_memory(in, out, avoids[i], &result), 6000);
		T_EQ(result.copied, 0);
		OK(t_same_bytes(in, out));
	}
	/* With all of them avoided the error is the memory. */
	T_EQ(short_of_memory(in, t_file(0), T_ALL_VIA & ~ZS_VIA_READ_WRITE, &result), -1);
	T_EQ(errno, ENOMEM);
	T_EQ(result.bytes, 0);
	return t_done();
}
#endif
