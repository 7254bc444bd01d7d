/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hole at the end gets its length without ftruncate(2), which could cut off what somebody else appends: by
 * fallocate(2), or by writing the last zero where that is refused. After much data it is written at once, since
 * fallocate(2) makes xfs flush the data, and allocated where that is refused. The block does not stay. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_calls.h"

#define MIB (1 << 20)

#define MUCH (5 * MIB)

static void ends(int in, int64_t len)
{
	struct zs_result result;
	int64_t off = 0, data = t_stored(in);
	int out = t_file(0);

	T_EQ(zs_copy(in, &off, out, NULL, ZS_TO_END, NULL, &result), len);
	T_EQ(result.bytes, len);
	T_EQ(t_size(out), len);
	T_EQ(t_position(out), len);
	OK(t_stored(out) <= data + 65536 + 4096);
	OK(t_same_bytes(in, out));
	MUST(close(out) == 0);
}

static int inputs[4];

/* What a sandbox refuses beside ftruncate(2). */
static const struct {
	long call;
	int error;
} refusals[] = {
	{ -1, 0 },
	{ SYS_fallocate, EPERM },
	{ SYS_fallocate, ENOSYS },
	{ SYS_fallocate, EOPNOTSUPP },
	{ T_SYS_PWRITE, EPERM },
	{ T_SYS_PWRITE, EINVAL },
};

static void copied(void *argument)
{
	int i = *(int *)argument;

	t_deny(T_SYS_FTRUNCATE, T_FAILS(EPERM));
	if (refusals[i].error)
		t_deny((int)refusals[i].call, T_FAILS(refusals[i].error));
	/* With pwrite(2) failing only what is copied otherwise, which is much, arrives at an offset. */
	for (int input = refusals[i].error == EINVAL ? 3 : 0; input < 4; input++)
		ends(inputs[input], t_size(inputs[input]));
}

static void copied_once(void *input)
{
	T_EQ(zs_copy(*(int *)input, &(int64_t){ 0 }, t_file(0), NULL, ZS_TO_END, NULL, NULL), t_size(*(int *)input));
}

/* How many blocks or holes a copy allocates or punches, and how many pieces it writes. */
static void counts(int input, int fallocates, int writes)
{
	long calls[400];
	int made = t_system_calls(copied_once, &input, calls, 400);

	for (int i = 0; i < made; i++) {
		fallocates -= calls[i] == SYS_fallocate;
		writes -= calls[i] == T_SYS_PWRITE;
	}
	T_EQ(fallocates, 0);
	T_EQ(writes, 0);
}

int main(void)
{
	static const int64_t lens[] = { MIB, 4 * MIB + 1, 131073, MUCH + 2 * MIB };

	for (int i = 0; i < 4; i++) {
		inputs[i] = t_file(i < 3 ? 4096 : MUCH);
		MUST(ftruncate(inputs[i], lens[i]) == 0);
	}
	for (int i = 0; i < (int)(sizeof refusals / sizeof *refusals); i++)
		T_CHILD(copied, &i);
	/* The data of the one is written, too; that of the other moves within the kernel. */
	counts(inputs[0], 2, 1);
	counts(inputs[3], 1, 1);
	return t_done();
}
