/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options may be NULL, of the size they have in 0.1 (0 means that size), or larger if the rest is zero. Smaller
 * ones, and ones with unknown bits, are refused, and nothing moves. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define SIZE sizeof(struct zs_options)

static int in, out;
static union { struct zs_options is; unsigned char bytes[4096]; } options;

static int64_t copy(uint32_t size, struct zs_result *result)
{
	options.is.size = size;
	*result = t_unwritten();
	MUST(lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0 && ftruncate(out, 0) == 0);
	errno = 123;
	return zs_copy(in, NULL, out, NULL, ZS_TO_END, &options.is, result);
}

static void taken(uint32_t size)
{
	struct zs_result result;

	t_scene("size %u", size);
	T_EQ(copy(size, &result), 100);
	T_EQ(errno, 123);
	T_EQ(result.bytes, 100);
	OK(!result.error);
	OK(t_has_pattern(out, 0, 100, 0));
}

static void refused(uint32_t size, int error)
{
	struct zs_result result;

	t_scene("size %u", size);
	T_EQ(copy(size, &result), -1);
	T_EQ(errno, error);
	OK(T_IS(result, .side = ZS_SIDE_CALL, .error = error));
	OK(t_position(in) == 0 && t_position(out) == 0 && t_size(out) == 0);
}

int main(void)
{
	in = t_file(100);
	out = t_file(0);

	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL), 100);
	OK(t_has_pattern(out, 0, 100, 0));
	taken(0);
	taken(SIZE);
	taken(SIZE + 1);
	taken(SIZE + 8);
	taken(sizeof options - 1);
	for (uint32_t size = 1; size < SIZE; size++)
		refused(size, EINVAL);

	/* One bit beyond what 0.1 knows, at the beginning and at the end of the rest. */
	options.bytes[SIZE] = 1;
	refused(SIZE + 1, E2BIG);
	refused(SIZE + 8, E2BIG);
	taken(SIZE);
	taken(0);
	options.bytes[SIZE] = 0;
	options.bytes[SIZE + 15] = 0x80;
	refused(SIZE + 16, E2BIG);
	taken(SIZE + 15);
	return t_done();
}
