/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hole at the end gets its length without ftruncate(2), which could cut off what somebody else appends: by
 * fallocate(2), or where that is refused by writing the last zero. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define MIB (1 << 20)

static void ends(int in, int64_t len)
{
	struct zs_result result;
	int out = t_file(0);
	int64_t off = 0;

	T_EQ(zs_copy(in, &off, out, NULL, ZS_TO_END, NULL, &result), len);
	T_EQ(result.bytes, len);
	T_EQ(t_size(out), len);
	T_EQ(t_position(out), len);
	OK(t_stored(out) <= 65536 + 8192);
	OK(t_same_bytes(in, out));
}

static int inputs[3];

static void copied(void *argument)
{
	t_deny(SYS_ftruncate, T_FAILS(EPERM));
	if (*(int *)argument)
		t_deny(SYS_fallocate, T_FAILS(*(int *)argument));
	for (int i = 0; i < 3; i++)
		ends(inputs[i], t_size(inputs[i]));
}

int main(void)
{
	static int errors[] = { 0, EPERM, ENOSYS, EOPNOTSUPP };
	static const int64_t lens[] = { MIB, 4 * MIB + 1, 131073 };

	for (int i = 0; i < 3; i++) {
		inputs[i] = t_file(4096);
		MUST(ftruncate(inputs[i], lens[i]) == 0);
	}
	for (int i = 0; i < 4; i++)
		T_CHILD(copied, &errors[i]);
	return t_done();
}
