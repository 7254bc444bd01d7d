/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The input has another reader, which takes bytes after they were duplicated and before they are moved: that is
 * an error, with what is in the copy but not in the output in flight. It is no short count, and no wait for
 * bytes that never come. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

static int in[2];

/* Steals three bytes, and lets the rest pass. */
static int64_t steal(const uint64_t *a, int earlier)
{
	if (earlier == 0)
		t_drain(in[0], 3);
	return syscall(SYS_splice, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
}

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	int copy[2], out[2];
	char bytes[16];

	(void)argument;
	MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0 && write(in[1], "ten bytes.", 10) == 10);
	MUST(close(in[1]) == 0);
	t_intercept(SYS_splice, steal);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], ZS_TO_END, 0, &result), -1);
	T_EQ(errno, result.error);
	OK(result.error != 0);
	T_EQ(result.bytes, 7);
	T_EQ(result.in_flight, 3);
	if (T_EQ(t_bytes_available(copy[0]), 10))
		T_EQ(t_bytes_available(out[0]), 7);
	if (T_EQ(read(out[0], bytes, sizeof bytes), 7))
		T_EQ(memcmp(bytes, " bytes.", 7), 0);
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
