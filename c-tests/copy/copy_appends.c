/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output with O_APPEND gets everything at its end, from any input, whether the flag was set by open(2) or
 * later. With an offset, which could not be honoured, it is EINVAL. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void appended(enum t_place from, int set_later, struct zs_options options)
{
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	struct zs_result result = t_unwritten();
	int out = t_reopen(pair->out, set_later ? O_WRONLY : O_WRONLY | O_APPEND);
	int64_t off = 0;

	MUST(!set_later || fcntl(out, F_SETFL, O_APPEND) == 0);
	t_put_pattern(pair->out, 0, 1001, 5);
	T_EQ(zs_copy(pair->in, NULL, out, &off, ZS_TO_END, &options, &result), -1);
	T_EQ(errno, EINVAL);
	OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EINVAL));
	T_EQ(off, 0);
	T_EQ(zs_copy(pair->in, NULL, out, &off, 0, &options, &result), -1);
	T_EQ(errno, EINVAL);
	T_EQ(t_size(pair->out), 1001);

	T_EQ(zs_copy(pair->in, NULL, out, NULL, ZS_TO_END, &options, &result), T_PAIR_LEN);
	T_EQ(result.bytes, T_PAIR_LEN);
	T_EQ(result.error, 0);
	if (T_EQ(t_size(pair->out), 1001 + T_PAIR_LEN))
		OK(t_has_pattern(pair->out, 0, 1001, 5));
	OK(t_has_pattern(pair->out, 1001, T_PAIR_LEN, 0));
	T_EQ(t_position(out), 1001 + T_PAIR_LEN);
	OK(fcntl(out, F_GETFL) & O_APPEND);

	/* Bytes that others append stay, too. */
	if (from == T_AT_FILE) {
		MUST(pwrite(pair->out, "theirs", 6, 1001 + T_PAIR_LEN) == 6);
		T_EQ(zs_copy(pair->in, &(int64_t){ 0 }, out, NULL, 10, &options, &result), 10);
		OK(t_has_pattern(pair->out, 1007 + T_PAIR_LEN, 10, 0));
	}
	MUST(close(out) == 0 && ftruncate(pair->out, 0) == 0);
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	OK(t_pair_whole(pair));
}

/* Holes, too, are appended: as zeroes, since an output with O_APPEND has no other way. */
static void holes(void)
{
	struct zs_result result;
	int in = t_file(0), file = t_file(100), out = t_reopen(file, O_WRONLY | O_APPEND);

	t_put_pattern(in, 1 << 20, 1000, 0);
	MUST(ftruncate(in, 2 << 20) == 0);
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), 2 << 20);
	if (T_EQ(t_size(file), 100 + (2 << 20)))
		OK(t_has_bytes(file, 100, 1 << 20, 0));
	OK(t_has_pattern(file, 100 + (1 << 20), 1000, 0));
	OK(t_has_bytes(file, 100 + (1 << 20) + 1000, (1 << 20) - 1000, 0));
}

int main(void)
{
	for (int from = 0; from < T_PLACES; from++)
		for (int later = 0; later < 2; later++) {
			appended((enum t_place)from, later, (struct zs_options){ 0 });
			appended((enum t_place)from, later, (struct zs_options){ .timeout_ns = T_MS(60000) });
			appended((enum t_place)from, later, (struct zs_options){
				.avoid = T_ALL_VIA & ~ZS_VIA_READ_WRITE });
			appended((enum t_place)from, later, (struct zs_options){ .flags = ZS_STABLE });
		}
	holes();
	return t_done();
}
