/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The output is never truncated: what lies before and after the copied range stays. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define OLD 500000

static void stays(enum t_place from, int64_t at, uint64_t len, struct zs_options options)
{
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	struct zs_result result;
	int64_t off = at, end;
	uint64_t wanted = len < T_PAIR_LEN ? len : T_PAIR_LEN;

	t_put_pattern(pair->out, 0, OLD, 3);
	end = at + (int64_t)wanted;
	T_EQ(zs_copy(pair->in, NULL, pair->out, &off, len, &options, &result), (int64_t)wanted);
	if (T_EQ(off, end))
		T_EQ(t_size(pair->out), end > OLD ? end : OLD);
	OK(t_has_pattern(pair->out, 0, (size_t)(at < OLD ? at : OLD), 3));
	OK(at <= OLD || t_has_bytes(pair->out, OLD, (size_t)(at - OLD), 0));
	OK(t_has_pattern(pair->out, at, wanted, 0));
	OK(end >= OLD || t_has_pattern(pair->out, end, (size_t)(OLD - end), 3 + (uint64_t)end));
	/* The rest of the input, for the writer's sake. */
	OK(zs_copy(pair->in, NULL, pair->out, &(int64_t){ (int64_t)wanted }, ZS_TO_END, NULL, NULL) >= 0);
	MUST(ftruncate(pair->out, T_PAIR_LEN) == 0);
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	OK(t_pair_whole(pair));
}

/* Not by an input that is shorter, empty, or at its end, either. */
static void by_nothing(uint32_t flags)
{
	int in = t_file(10), out = t_file(OLD);

	T_EQ(T_COPY(in, &(int64_t){ 10 }, out, NULL, ZS_TO_END, NULL, .flags = flags), 0);
	T_EQ(T_COPY(in, &(int64_t){ 1000 }, out, NULL, ZS_TO_END, NULL, .flags = flags), 0);
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, NULL, .flags = flags), 10);
	if (T_EQ(t_size(out), OLD))
		OK(t_has_pattern(out, 0, OLD, 0));
	/* A hole at the end of the input that ends before the output does. */
	MUST(ftruncate(in, 0) == 0 && ftruncate(in, 100000) == 0);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, &(int64_t){ 0 }, ZS_TO_END, NULL, .flags = flags), 100000);
	if (T_EQ(t_size(out), OLD))
		OK(t_has_bytes(out, 0, 100000, 0));
	OK(t_has_pattern(out, 100000, OLD - 100000, 100000));
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	static const struct zs_options options[] = {
		{ 0 }, { .avoid = T_ALL_VIA & ~ZS_VIA_READ_WRITE }, { .timeout_ns = T_MS(60000) },
		{ .flags = ZS_NO_CLONE }, { .flags = ZS_FILL_HOLES },
	};

	for (int from = 0; from < T_PLACES; from++)
		for (int i = 0; i < 5; i++) {
			stays((enum t_place)from, 0, ZS_TO_END, options[i]);
			stays((enum t_place)from, 4096, ZS_TO_END, options[i]);
			stays((enum t_place)from, 300001, ZS_TO_END, options[i]);
			stays((enum t_place)from, OLD + 9999, 1000, options[i]);
			stays((enum t_place)from, 77, 10, options[i]);
		}
	by_nothing(0);
	by_nothing(ZS_NO_CLONE);
	by_nothing(ZS_FILL_HOLES);
	return t_done();
}
