/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Nothing beyond the `size` of the options is read, even if the next page is not mapped. A larger `size` is
 * accepted if the bytes that 0.1 does not know are zero, and refused if it is out of range. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define KNOWN sizeof(struct zs_options)

static int in, out;
static unsigned char *end; /* of the memory that is there */

static int64_t copy(uint32_t size, size_t room)
{
	struct zs_result result = t_unwritten();
	int64_t moved;

	memset(end - 2 * T_PAGE, 0xa5, 2 * T_PAGE);
	memset(end - room, 0, room);
	memcpy(end - room, &size, sizeof size);
	MUST(lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0 && ftruncate(out, 0) == 0);
	moved = zs_copy(in, NULL, out, NULL, ZS_TO_END, (void *)(end - room), &result);
	OK(moved == 100 ? t_has_pattern(out, 0, 100, 0) :
	   T_IS(result, .side = ZS_SIDE_CALL, .error = errno) && t_size(out) == 0 && t_position(in) == 0);
	return moved;
}

int main(void)
{
	unsigned char *pages = mmap(NULL, 3 * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	in = t_file(100);
	out = t_file(0);
	MUST(pages != MAP_FAILED && mprotect(pages + 2 * T_PAGE, T_PAGE, PROT_NONE) == 0);
	end = pages + 2 * T_PAGE;

	for (uint32_t size = 8; size < KNOWN; size += 8)
		OK(copy(size, size) == -1 && errno == EINVAL);
	T_EQ(copy(0, KNOWN), 100);
	for (uint32_t size = KNOWN; size <= 2 * T_PAGE; size += 8)
		if (!T_EQ(copy(size, size), 100))
			fprintf(stderr, "... size %u\n", size);
	T_EQ(copy((1 << 20) + 1, KNOWN), -1);
	T_EQ(errno, E2BIG);
	T_EQ(copy(UINT32_MAX, KNOWN), -1);
	T_EQ(errno, E2BIG);
	return t_done();
}
