/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every mechanism has a name. No bit, an unknown bit and two bits together have none. */
#include <zsplice.h>
#include "t.h"

static const struct { uint32_t via; const char *name; } names[] = {
	{ ZS_VIA_CLONE, "clone" },
	{ ZS_VIA_COPY_RANGE, "copy_file_range" },
	{ ZS_VIA_SENDFILE, "sendfile" },
	{ ZS_VIA_SPLICE, "splice" },
	{ ZS_VIA_TEE, "tee" },
	{ ZS_VIA_READ_WRITE, "read/write" },
};
#define NAMES (sizeof names / sizeof *names)

static const char *expected(uint32_t via)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].via == via)
			return names[i].name;
	return NULL;
}

static int same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

int main(void)
{
	errno = EINTR;
	for (size_t i = 0; i < NAMES; i++)
		OK(same(zs_via_name(names[i].via), names[i].name));
	OK(zs_via_name(0) == NULL);
	OK(zs_via_name(UINT32_MAX) == NULL);
	for (int a = 0; a < 32; a++)
		for (int b = 0; b < 32; b++)
			OK(same(zs_via_name(1u << a | 1u << b), expected(1u << a | 1u << b)));
	OK(zs_via_name(ZS_VIA_TEE) == zs_via_name(ZS_VIA_TEE));
	T_EQ(errno, EINTR);
	return t_done();
}
