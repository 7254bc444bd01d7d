/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pools are never freed. Each takes the place of the one before, so that no copy of its address is left. */
/* address: detected memory leaks */
/* memcheck: definitely lost */
#include <zsplice.h>

int main(void)
{
	for (size_t i = 0; i < 10; i++)
		if (!zs_pool_new(i, 0))
			return 0;
	return 0;
}
