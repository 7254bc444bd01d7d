/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The _full functions: one mechanism, the whole length; and the _retry functions: one transfer with it. */
#ifndef WORLD_PLAY_FULL_H
#define WORLD_PLAY_FULL_H

enum full { FULL_SPLICE, FULL_SENDFILE, FULL_COPY_RANGE, FULL_TEE, FULLS };

/* Of these, all but tee have a _retry function that is played, too. */

static const char *const full_names[] = { "zs_splice_full", "zs_sendfile_full", "zs_copy_range_full", "zs_tee_full" };

struct full_play {
	enum full which;
	int is_retry;
	struct end in, copy, out;
	struct flow flow;
	struct zs_result result;
	int64_t off_in, off_out, *at_in, *at_out, returned;
	uint64_t len;
	unsigned int flags;
	int error;
};

static void open_full(struct full_play *it)
{
	enum kind in = (enum kind)pick(KINDS), out = (enum kind)pick(KINDS);

	it->which = (enum full)pick(FULLS);
	it->is_retry = it->which != FULL_TEE && pick(3) == 1;
	if (it->which == FULL_TEE || (it->which == FULL_SPLICE && pick(2)))
		in = A_PIPE;
	else if (it->which == FULL_SPLICE)
		out = A_PIPE;
	else
		in = A_FILE + (in & 1);
	if (it->which == FULL_COPY_RANGE)
		out = A_FILE + (out & 1);
	open_end(&it->in, in, 1, 0);
	open_end(&it->out, out, 0, 1);
	if (it->which == FULL_TEE)
		open_end(&it->copy, A_PIPE, 0, 1);
	for (int i = 0; i < end_count; i++)
		ends[i]->blocks = !is_file(ends[i]) && pick(2);
	follow(&it->flow, &it->in);
	it->out.flow = it->copy.flow = &it->flow;
}

static void prepare_full(struct full_play *it)
{
	open_full(it);
	it->len = pick(2) ? pick_size() : ZS_TO_END;
	it->flags = it->which == FULL_COPY_RANGE || pick(3) ? 0 : SPLICE_F_NONBLOCK;
	it->off_in = it->in.start;
	it->off_out = it->out.start;
	it->at_in = is_file(&it->in) && pick(2) ? &it->off_in : NULL;
	it->at_out = is_file(&it->out) && it->which != FULL_SENDFILE && it->which != FULL_TEE && pick(2) ? &it->off_out : NULL;
	world.may_not_poll = it->flags != 0;
	world.is_plain = 1;
	snprintf(choices.scene, sizeof choices.scene, "%s%s: %s %d%s -> %s %d%s, len %lld, flags %#x, faults %#x",
		 full_names[it->which], it->is_retry ? ", only _retry" : "", kind_names[it->in.kind], it->in.fd,
		 it->in.blocks ? " (waits)" : "",
		 kind_names[it->out.kind], it->out.fd, it->out.blocks ? " (waits)" : "", (long long)it->len, it->flags,
		 world.faults);
	tell("%s", choices.scene);
}

static ssize_t call_retry(const struct full_play *it)
{
	size_t len = it->len == ZS_TO_END ? SIZE_MAX : (size_t)it->len;

	switch (it->which) {
	case FULL_SPLICE:
		return zs_splice_retry(it->in.fd, it->at_in, it->out.fd, it->at_out, len, it->flags);
	case FULL_SENDFILE:
		return zs_sendfile_retry(it->out.fd, it->in.fd, it->at_in, len, it->flags);
	default:
		return zs_copy_range_retry(it->in.fd, it->at_in, it->out.fd, it->at_out, len, 0);
	}
}

/* It has no result: what it moved is what it returns. */
static int64_t retry_as_full(struct full_play *it)
{
	int64_t returned = call_retry(it);

	if (returned >= 0)
		it->result.bytes = (uint64_t)returned;
	else
		it->result.error = errno;
	return returned;
}

static int64_t call_full(struct full_play *it)
{
	int in = it->in.fd, out = it->out.fd;

	if (it->is_retry)
		return retry_as_full(it);
	switch (it->which) {
	case FULL_SPLICE:
		return zs_splice_full(in, it->at_in, out, it->at_out, it->len, it->flags, &it->result);
	case FULL_SENDFILE:
		return zs_sendfile_full(out, in, it->at_in, it->len, it->flags, &it->result);
	case FULL_COPY_RANGE:
		return zs_copy_range_full(in, it->at_in, out, it->at_out, it->len, 0, &it->result);
	default:
		return zs_tee_full(in, it->copy.fd, out, it->len, it->flags, &it->result);
	}
}

/* What the kernel says of pairs that it does not take, and of sides that are not ready. */
static int is_the_kernels(const struct full_play *it, int error)
{
	if (error == EAGAIN)
		return it->flags || world.faults & (F_AGAIN | F_ZERO) || it->in.has_urgent || is_hung_up(&it->out);
	if (error == EINVAL)
		return it->out.appends || it->in.kind == A_PTY || it->out.kind == A_PTY || it->out.kind == A_UNIX;
	if (error == EXDEV || error == EBADF)
		return it->which == FULL_COPY_RANGE;
	return 0;
}

static void judge_full(struct full_play *it)
{
	const struct zs_result *is = &it->result;

	if (it->returned < 0 && is_the_kernels(it, it->error))
		world.injected[it->error] = 1;
	judge_result(is, it->returned, it->error);
	SO(it->returned < 0 || is->bytes == (uint64_t)it->returned, "returned %lld, bytes %llu", (long long)it->returned,
	   (unsigned long long)is->bytes);
	SO(it->which == FULL_TEE || is->in_flight == 0, "in flight %llu", (unsigned long long)is->in_flight);
	SO(it->len == ZS_TO_END || is->bytes + is->in_flight <= it->len, "more than len");
	if (!it->is_retry && it->returned >= 0 && (uint64_t)it->returned < it->len)
		judge_end(&it->in, is->bytes);
	judge_position(&it->in, it->at_in, is->bytes);
	judge_position(&it->out, it->at_out, is->bytes);
	judge_output(&it->out, is->bytes);
	if (is_file(&it->out))
		judge_file(&it->out, is->bytes);
	if (it->which == FULL_TEE)
		judge_output(&it->copy, is->bytes + is->in_flight);
	if (!is_file(&it->in))
		judge_input(&it->in, is->bytes);
}

static const char *function_of(const struct full_play *it)
{
	static const char *const retry_names[] = { "zs_splice_retry", "zs_sendfile_retry", "zs_copy_range_retry" };

	return it->is_retry ? retry_names[it->which] : full_names[it->which];
}

static void play_full(void)
{
	static struct full_play it;

	it = (struct full_play){ 0 };
	prepare_full(&it);
	it.returned = INSIDE_OF(function_of(&it), call_full(&it));
	it.error = errno;
	tell("returned %lld, %s, bytes %llu, in flight %llu", (long long)it.returned, t_errno_name(it.error),
	     (unsigned long long)it.result.bytes, (unsigned long long)it.result.in_flight);
	judge_full(&it);
	flow_end(&it.flow);
}

#endif
