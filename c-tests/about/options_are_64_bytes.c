/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The layout of struct zs_options never changes up to here: it only grows at its end. */
#include <zsplice.h>
#include <stddef.h>
#include "t.h"

#define P sizeof(void *)

_Static_assert(P == 8 ? sizeof(struct zs_options) == 64 : sizeof(struct zs_options) == 56, "frozen");
_Static_assert(offsetof(struct zs_options, size) == 0, "frozen");
_Static_assert(offsetof(struct zs_options, flags) == 4, "frozen");
_Static_assert(offsetof(struct zs_options, timeout_ns) == 8, "frozen");
_Static_assert(offsetof(struct zs_options, idle_ns) == 16, "frozen");
_Static_assert(offsetof(struct zs_options, cancel_fd) == 24, "frozen");
_Static_assert(offsetof(struct zs_options, avoid) == 28, "frozen");
_Static_assert(offsetof(struct zs_options, progress) == 32, "frozen");
_Static_assert(offsetof(struct zs_options, context) == 32 + P, "frozen");
_Static_assert(offsetof(struct zs_options, half_idle_ns) == 32 + 2 * P, "frozen");
_Static_assert(offsetof(struct zs_options, rate) == 40 + 2 * P, "frozen");

/* ZS_OPTIONS_INIT sets every member, and all but the size to zero. */
int main(void)
{
	struct zs_options initial = ZS_OPTIONS_INIT, zero = { .size = sizeof zero };

	T_EQ(initial.size, sizeof initial);
	OK(memcmp(&initial, &zero, sizeof zero) == 0);
	return t_done();
}
