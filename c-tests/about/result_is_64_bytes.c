/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The layout of struct zs_result and the values of its constants never change. */
#include <zsplice.h>
#include <stddef.h>
#include "t.h"

_Static_assert(sizeof(struct zs_result) == 64, "frozen");
_Static_assert(offsetof(struct zs_result, bytes) == 0, "frozen");
_Static_assert(offsetof(struct zs_result, in_flight) == 8, "frozen");
_Static_assert(offsetof(struct zs_result, copied) == 16, "frozen");
_Static_assert(offsetof(struct zs_result, holes) == 24, "frozen");
_Static_assert(offsetof(struct zs_result, via) == 32, "frozen");
_Static_assert(offsetof(struct zs_result, side) == 36, "frozen");
_Static_assert(offsetof(struct zs_result, error) == 40, "frozen");
_Static_assert(offsetof(struct zs_result, refused) == 44, "frozen");
_Static_assert(offsetof(struct zs_result, refusal) == 48, "frozen");
_Static_assert(offsetof(struct zs_result, index) == 52, "frozen");
_Static_assert(offsetof(struct zs_result, spare) == 56, "frozen");
_Static_assert(ZS_VIA_CLONE == 1 && ZS_VIA_COPY_RANGE == 2 && ZS_VIA_SENDFILE == 4, "frozen");
_Static_assert(ZS_VIA_SPLICE == 8 && ZS_VIA_TEE == 0x10 && ZS_VIA_READ_WRITE == 0x20, "frozen");
_Static_assert(ZS_SIDE_IN == 1 && ZS_SIDE_OUT == 2 && ZS_SIDE_CALL == 3, "frozen");
_Static_assert(ZS_TO_END == UINT64_MAX, "frozen");

/* All of it is written, and not a byte beyond. */
int main(void)
{
	struct {
		unsigned char before[64];
		struct zs_result result;
		unsigned char after[64];
	} room;
	int file = t_file(10), fds[2];

	MUST(pipe(fds) == 0);
	memset(&room, 0xa5, sizeof room);
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, 10, 0, &room.result), 10);
	for (int i = 0; i < 64; i++)
		OK(room.before[i] == 0xa5 && room.after[i] == 0xa5);
	T_EQ(room.result.bytes, 10);
	T_EQ(room.result.in_flight, 0);
	T_EQ(room.result.copied, 0);
	T_EQ(room.result.holes, 0);
	T_EQ(room.result.via, ZS_VIA_SPLICE);
	T_EQ(room.result.side, 0);
	T_EQ(room.result.error, 0);
	T_EQ(room.result.refused, 0);
	T_EQ(room.result.refusal, 0);
	T_EQ(room.result.index, 0);
	for (int i = 0; i < 2; i++)
		T_EQ(room.result.spare[i], 0);
	return t_done();
}
