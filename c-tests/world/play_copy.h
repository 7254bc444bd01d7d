/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_copy between two descriptors of any kind. */
#ifndef WORLD_PLAY_COPY_H
#define WORLD_PLAY_COPY_H

/* The bytes of a file are those that it has, holes and all. */
static void read_flow(struct flow *flow, const struct end *in)
{
	size_t len = in->start < in->old_size ? (size_t)(in->old_size - in->start) : 0;

	MUST((flow->content = malloc(len + 1)) != NULL);
	MUST(pread(in->fd, flow->content, len, in->start) == (ssize_t)len);
	flow->content_len = len;
}

static void follow(struct flow *flow, struct end *in)
{
	*flow = (struct flow){ .base = in->base };
	if (is_file(in))
		read_flow(flow, in);
}

static void judge_position(const struct end *end, const int64_t *offset, uint64_t bytes)
{
	int64_t moved = end->start + (int64_t)bytes, position;

	if (!is_file(end))
		return;
	position = lseek(end->fd, 0, SEEK_CUR);
	if (offset) {
		SO(*offset == moved, "offset %lld instead of %lld", (long long)*offset, (long long)moved);
		SO(position == end->start, "position %lld instead of %lld", (long long)position, (long long)end->start);
	} else if (!end->appends) {
		SO(position == moved, "position %lld instead of %lld", (long long)position, (long long)moved);
	}
}

/* A transfer that ended well before `len` bytes has found the end of the input. */
static void judge_end(const struct end *in, uint64_t bytes)
{
	if (is_file(in))
		SO(in->start + (int64_t)bytes >= in->old_size, "ended at %llu, before the end", (unsigned long long)bytes);
	else
		SO(in->has_ended && !(in->was_reset && in->kind == A_TCP && !in->has_fin) && (bytes == in->given || is_hung_up(in)),
		   "ended after %llu of %llu bytes", (unsigned long long)bytes, (unsigned long long)in->given);
}

static void play_copy(void)
{
	static struct end in, out;
	struct flow flow;
	struct zs_result result;
	int64_t off_in, off_out, returned;
	int error, has_in, has_out;
	uint64_t len;

	open_end(&in, pick(KINDS), 1, 0);
	open_end(&out, pick(KINDS), 0, 1);
	in.blocks = !is_file(&in) && pick(2);
	out.blocks = !is_file(&out) && pick(2);
	follow(&flow, &in);
	out.flow = &flow;
	len = pick(2) ? pick_size() : ZS_TO_END;
	has_in = is_file(&in) && pick(2);
	has_out = is_file(&out) && !out.appends && pick(2);
	off_in = in.start;
	off_out = out.start;
	pick_limits();
	pick_flags(ZS_NOSIGPIPE | ZS_MORE | ZS_STABLE | ZS_NO_CLONE | ZS_FILL_HOLES | ZS_GROW_PIPE);
	world.only_out = len ? &out : NULL;
	if (has_in && has_out && one_in(2))
		MUST(off_in == in.start);
	snprintf(choices.scene, sizeof choices.scene, "zs_copy: %s %d%s -> %s %d%s, len %lld, flags %s, avoid %s, faults %#x",
		 kind_names[in.kind], in.fd, in.blocks ? " (waits)" : "", kind_names[out.kind], out.fd,
		 out.blocks ? " (waits)" : "", (long long)len, t_flag_words(options.flags), t_via_words(options.avoid),
		 world.faults);
	tell("%s", choices.scene);
	returned = INSIDE(zs_copy(in.fd, has_in ? &off_in : NULL, out.fd, has_out ? &off_out : NULL, len, &options, &result));
	error = errno;
	tell("returned %lld, %s, bytes %llu, in flight %llu", (long long)returned, t_errno_name(error),
	     (unsigned long long)result.bytes, (unsigned long long)result.in_flight);
	judge_result(&result, returned, error);
	SO(returned < 0 || (result.bytes == (uint64_t)returned && result.in_flight == 0), "returned %lld, bytes %llu",
	   (long long)returned, (unsigned long long)result.bytes);
	SO(len == ZS_TO_END || result.bytes + result.in_flight <= len, "more than len");
	SO(returned < 0 || !world.must_fail, "ended well after %s", t_errno_name(world.must_fail));
	if (returned >= 0 && (uint64_t)returned < len)
		judge_end(&in, (uint64_t)returned);
	judge_position(&in, has_in ? &off_in : NULL, result.bytes);
	judge_position(&out, has_out ? &off_out : NULL, result.bytes);
	judge_output(&out, result.bytes);
	if (is_file(&out))
		judge_file(&out, result.bytes);
	if (!is_file(&in))
		judge_input(&in, result.bytes + result.in_flight);
	flow_end(&flow);
}

#endif
