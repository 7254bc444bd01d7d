/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_fanout from one input to some outputs. */
#ifndef WORLD_PLAY_FANOUT_H
#define WORLD_PLAY_FANOUT_H

#define OUTPUTS 5

struct fanout {
	struct end in, outs[OUTPUTS];
	struct flow flow;
	struct zs_result results[OUTPUTS];
	size_t count;
	int64_t off_in, returned;
	uint64_t len;
	int error, has_offset;
};

static void open_fanout(struct fanout *it)
{
	open_end(&it->in, pick(KINDS), 1, 0);
	it->in.blocks = !is_file(&it->in) && pick(2);
	follow(&it->flow, &it->in);
	it->count = 1 + pick(OUTPUTS);
	for (size_t i = 0; i < it->count; i++) {
		open_end(&it->outs[i], pick(KINDS), 0, 1);
		it->outs[i].blocks = !is_file(&it->outs[i]) && pick(2);
		it->outs[i].flow = &it->flow;
	}
	it->len = pick(2) ? pick_size() : ZS_TO_END;
	it->has_offset = is_file(&it->in) && pick(2);
	it->off_in = it->in.start;
	pick_limits();
	pick_flags(ZS_NOSIGPIPE | ZS_STABLE | ZS_GROW_PIPE | ZS_DROP_FAILED);
}

static void describe_fanout(const struct fanout *it)
{
	int len = snprintf(choices.scene, sizeof choices.scene,
			   "zs_fanout: %s %d%s, len %lld, flags %s, avoid %s, faults %#x ->", kind_names[it->in.kind],
			   it->in.fd, it->in.blocks ? " (waits)" : "", (long long)it->len,
			   t_flag_words(options.flags), t_via_words(options.avoid), world.faults);

	for (size_t i = 0; i < it->count; i++)
		len += snprintf(choices.scene + len, sizeof choices.scene - (size_t)len, " %s %d%s",
				kind_names[it->outs[i].kind], it->outs[i].fd, it->outs[i].blocks ? " (waits)" : "");
	tell("%s", choices.scene);
}

/* An output that was left out, or that ended the call. */
static int has_failed(const struct fanout *it, size_t i)
{
	return it->results[i].error != 0;
}

static void judge_fanout_output(struct fanout *it, size_t i, uint64_t taken)
{
	struct zs_result *is = &it->results[i];

	SO(is->index == i || is->index == 0, "results[%zu].index is %u", i, is->index);
	SO(!has_failed(it, i) || is_explained(is->error), "output %zu: nothing explains %s", i, t_errno_name(is->error));
	SO(is->bytes + is->in_flight <= taken, "output %zu has got more than was taken", i);
	SO(has_failed(it, i) || is->bytes + is->in_flight == taken, "output %zu: %llu + %llu of %llu", i,
	   (unsigned long long)is->bytes, (unsigned long long)is->in_flight, (unsigned long long)taken);
	SO(it->returned < 0 || has_failed(it, i) || is->bytes == (uint64_t)it->returned, "output %zu has got %llu", i,
	   (unsigned long long)is->bytes);
	judge_output(&it->outs[i], is->bytes);
	if (is_file(&it->outs[i]))
		judge_file(&it->outs[i], is->bytes);
}

static void judge_fanout(struct fanout *it)
{
	uint64_t taken = 0;
	int failed = 0;

	for (size_t i = 0; i < it->count; i++) {
		uint64_t had = it->results[i].bytes + it->results[i].in_flight;

		taken = had > taken ? had : taken;
		failed += has_failed(it, i);
	}
	SO(it->returned < 0 ? it->error != 0x5a5a : it->error == 0x5a5a, "errno %s", t_errno_name(it->error));
	SO(it->returned >= 0 || is_explained(it->error), "nothing explains %s", t_errno_name(it->error));
	SO(it->returned < 0 || options.flags & ZS_DROP_FAILED ? 1 : failed == 0, "an output failed, and the call did not");
	SO(it->returned >= 0 || failed, "no result has the error");
	SO(it->len == ZS_TO_END || taken <= it->len, "more than len");
	if (it->returned >= 0 && (uint64_t)it->returned < it->len)
		judge_end(&it->in, (uint64_t)it->returned);
	judge_position(&it->in, it->has_offset ? &it->off_in : NULL, taken);
	for (size_t i = 0; i < it->count; i++)
		judge_fanout_output(it, i, taken);
	if (!is_file(&it->in))
		judge_input(&it->in, taken);
}

static void play_fanout(void)
{
	static struct fanout it;
	int fds[OUTPUTS];

	it = (struct fanout){ 0 };
	open_fanout(&it);
	for (size_t i = 0; i < it.count; i++)
		fds[i] = it.outs[i].fd;
	describe_fanout(&it);
	it.returned = INSIDE(zs_fanout(it.in.fd, it.has_offset ? &it.off_in : NULL, fds, it.count, it.len, &options,
				       it.results));
	it.error = errno;
	tell("returned %lld, %s", (long long)it.returned, t_errno_name(it.error));
	for (size_t i = 0; i < it.count; i++)
		tell("  output %zu: bytes %llu, in flight %llu, %s", i, (unsigned long long)it.results[i].bytes,
		     (unsigned long long)it.results[i].in_flight, t_errno_name(it.results[i].error));
	judge_fanout(&it);
	flow_end(&it.flow);
}

#endif
