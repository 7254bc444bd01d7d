/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_bridge between two sides: sockets, terminals, or a pipe each way. */
#ifndef WORLD_PLAY_BRIDGE_H
#define WORLD_PLAY_BRIDGE_H

/* A side: one end for both ways, or two. */
struct side {
	struct end both, out;
	struct end *in_end, *out_end;
};

static void open_side(struct side *side)
{
	static const enum kind kinds[] = { A_UNIX, A_TCP, A_UNIX, A_TCP, A_PTY, A_PIPE };
	enum kind kind = kinds[pick(sizeof kinds / sizeof *kinds)];

	open_end(&side->both, kind, 1, kind != A_PIPE);
	side->in_end = side->out_end = &side->both;
	side->both.blocks = (int)pick(2);
	if (kind != A_PIPE)
		return;
	open_end(&side->out, A_PIPE, 0, 1);
	side->out.blocks = side->both.blocks;
	side->out_end = &side->out;
}

/* Direction `from` to `to` came to this. */
static void judge_direction(struct side *from, struct side *to, const struct zs_result *is, uint64_t bytes_over)
{
	struct end *in = from->in_end, *out = to->out_end;

	(void)bytes_over;
	SO(is->error == 0 || is_explained(is->error), "%d to %d: nothing explains %s", in->fd, out->fd,
	   t_errno_name(is->error));
	SO(is->error || is->in_flight == 0 || options.flags & ZS_EITHER_END, "%d to %d: in flight %llu after a success",
	   in->fd, out->fd, (unsigned long long)is->in_flight);
	if (is->error == 0 && !(options.flags & ZS_EITHER_END))
		judge_end(in, is->bytes);
}

static void play_bridge(void)
{
	static struct side a, b;
	struct flow flows[2];
	struct zs_result results[2];
	int returned, error;

	open_side(&a);
	open_side(&b);
	follow(&flows[0], a.in_end);
	follow(&flows[1], b.in_end);
	b.out_end->flow = &flows[0];
	a.out_end->flow = &flows[1];
	options.half_idle_ns = pick(8) == 1 ? 1000000 << pick(8) : 0;
	pick_limits();
	pick_flags(ZS_NOSIGPIPE | ZS_STABLE | ZS_EITHER_END);
	snprintf(choices.scene, sizeof choices.scene, "zs_bridge: %s %d/%d%s <-> %s %d/%d%s, flags %s, avoid %s, faults %#x",
		 kind_names[a.both.kind], a.in_end->fd, a.out_end->fd, a.both.blocks ? " (waits)" : "",
		 kind_names[b.both.kind], b.in_end->fd, b.out_end->fd, b.both.blocks ? " (waits)" : "",
		 t_flag_words(options.flags), t_via_words(options.avoid), world.faults);
	tell("%s", choices.scene);
	returned = INSIDE(zs_bridge(a.in_end->fd, a.out_end->fd, b.in_end->fd, b.out_end->fd, &options, results));
	error = errno;
	tell("returned %d, %s", returned, t_errno_name(error));
	for (int i = 0; i < 2; i++)
		tell("  [%d]: bytes %llu, in flight %llu, %s", i, (unsigned long long)results[i].bytes,
		     (unsigned long long)results[i].in_flight, t_errno_name(results[i].error));
	SO((returned == 0) == (error == 0x5a5a) && (returned == 0) == (!results[0].error && !results[1].error),
	   "returned %d, errno %s", returned, t_errno_name(error));
	SO(returned == 0 || error == results[0].error || error == results[1].error, "errno %s", t_errno_name(error));
	judge_direction(&a, &b, &results[0], 0);
	judge_direction(&b, &a, &results[1], 0);
	judge_input(a.in_end, results[0].bytes + results[0].in_flight);
	judge_input(b.in_end, results[1].bytes + results[1].in_flight);
	judge_output(b.out_end, results[0].bytes);
	judge_output(a.out_end, results[1].bytes);
	flow_end(&flows[0]);
	flow_end(&flows[1]);
}

#endif
