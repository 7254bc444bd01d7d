/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A duplex in an event loop: edge-triggered epoll(7) that is set up once and passes on what is reported, or poll(2) of
 * what the duplex wants. */
#ifndef WORLD_PLAY_DUPLEX_H
#define WORLD_PLAY_DUPLEX_H

struct duplex_play {
	/* [i] is side i; flows[i] is what comes from there. */
	struct end sides[2];
	struct flow flows[2];
	struct zs_result results[2];
	uint64_t fed[2], taken[2];
	zs_pool *pool;
	zs_duplex *duplex;
	unsigned int events[2], flags;
	/* Edge-triggered; -1: poll(2). */
	int epoll;
	int answer, error, idle_runs;
};

static void describe_duplex(const struct duplex_play *it)
{
	snprintf(choices.scene, sizeof choices.scene, "duplex: %s %d <-> %s %d, flags %s, %s, %s pool, faults %#x",
		 kind_names[it->sides[0].kind], it->sides[0].fd, kind_names[it->sides[1].kind], it->sides[1].fd,
		 t_flag_words(it->flags), it->epoll >= 0 ? "edge" : "level", it->pool ? "a" : "no", world.faults);
	tell("%s", choices.scene);
}

static void open_duplex(struct duplex_play *it)
{
	static const enum kind kinds[] = { A_UNIX, A_TCP, A_TCP, A_PTY };

	for (int i = 0; i < 2; i++) {
		open_end(&it->sides[i], kinds[pick(sizeof kinds / sizeof *kinds)], 1, 1);
		follow(&it->flows[i], &it->sides[i]);
	}
	for (int i = 0; i < 2; i++)
		it->sides[i].flow = &it->flows[!i];
	it->flags = (pick(3) == 1 ? ZS_NOSIGPIPE : 0) | (pick(4) == 1 ? ZS_STABLE : 0);
	it->epoll = pick(2) ? epoll_create1(0) : -1;
	/* What is short or declined without a reason would lose an edge. */
	if (it->epoll >= 0)
		world.faults &= ~(unsigned int)F_AGAIN;
	world.exact_reads = 1;
	options.flags = world.flags = it->flags;
	world.may_not_wait = 1;
	if (pick(2))
		it->pool = INSIDE(zs_pool_new(pick(3), pick(2) ? 0 : (size_t)4096 << pick(9)));
	describe_duplex(it);
	it->duplex = INSIDE(zs_duplex_new(it->sides[0].fd, it->sides[1].fd, it->pool, it->flags));
	it->error = errno;
	SO(it->duplex || is_explained(it->error), "zs_duplex_new: nothing explains %s", t_errno_name(it->error));
	it->events[0] = it->events[1] = ZS_EVENTS_ALL;
	it->answer = ZS_WANT_RUN;
}

static void watch_duplex(struct duplex_play *it)
{
	for (uint32_t i = 0; it->epoll >= 0 && i < 2; i++) {
		struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, { .u32 = i } };

		MUST(epoll_ctl(it->epoll, EPOLL_CTL_ADD, it->sides[i].fd, &event) == 0);
	}
}

/* Every byte is where the results say. Returns whether anything has moved. */
static int account_duplex(struct duplex_play *it)
{
	struct zs_result now[2];
	int moved = 0;

	INSIDE((zs_duplex_result(it->duplex, now), 0));
	for (int i = 0; i < 2; i++) {
		uint64_t taken = now[i].bytes + now[i].in_flight - it->fed[i];

		SO(now[i].bytes >= it->results[i].bytes && taken >= it->taken[i], "[%d] has less than before", i);
		SO(taken <= it->sides[i].given, "[%d]: taken %llu of %llu", i, (unsigned long long)taken,
		   (unsigned long long)it->sides[i].given);
		SO(now[i].index == (unsigned int)i, "[%d].index is %u", i, now[i].index);
		moved |= taken > it->taken[i] || now[i].bytes > it->results[i].bytes;
		if (taken > it->flows[i].from_input)
			flow_take(&it->flows[i], taken - it->flows[i].from_input);
		it->taken[i] = taken;
		it->results[i] = now[i];
	}
	return moved;
}

static void judge_wants(const struct duplex_play *it)
{
	unsigned int wants[2];

	INSIDE((zs_duplex_wants(it->duplex, &wants[0], &wants[1]), 0));
	tell("wants %#x, %#x", wants[0], wants[1]);
	SO(!((wants[0] | wants[1]) & ~(unsigned int)(POLLIN | POLLOUT)), "wants %#x, %#x", wants[0], wants[1]);
	SO(it->answer == 1 || !(wants[0] | wants[1]), "wants %#x, %#x, and is over", wants[0], wants[1]);
	SO(it->answer != 1 || wants[0] | wants[1], "wants nothing, and is not over");
}

static void runs_duplex(struct duplex_play *it)
{
	uint64_t budget = pick(3) ? 0 : pick(2) ? 1 + pick(3) : pick_size(), did = deeds;
	unsigned int a = it->events[0], b = it->events[1];
	uint64_t before[2] = { it->results[0].bytes, it->results[1].bytes };

	it->events[0] = it->events[1] = 0;
	it->answer = INSIDE(zs_duplex_run(it->duplex, a, b, budget));
	it->error = errno;
	it->idle_runs = account_duplex(it) || did != deeds ? 0 : it->idle_runs + 1;
	tell("run(%#x, %#x, %llu) = %d %s", a, b, (unsigned long long)budget, it->answer,
	     it->answer < 0 ? t_errno_name(it->error) : "");
	for (int i = 0; i < 2; i++) {
		SO(it->results[i].bytes - before[i] <= (budget ? budget : 1 << 20), "[%d]: more than the budget", i);
		SO(it->answer != 0 || it->results[i].in_flight == 0, "[%d]: over, with bytes in flight", i);
	}
	SO(it->answer == -1 || it->answer == 0 || it->answer == 1 || it->answer == ZS_WANT_RUN, "run = %d", it->answer);
	SO((it->answer < 0) == (it->error != 0x5a5a), "run = %d, errno %s", it->answer, t_errno_name(it->error));
	SO(it->idle_runs < 1200, "runs again and again, and nothing moves");
	if (it->answer == 1 || it->answer <= 0)
		judge_wants(it);
}

static void feeds_duplex(struct duplex_play *it)
{
	static unsigned char bytes[PIECE * 3];
	unsigned int side = pick(2);
	size_t count = pick_size();
	int fed;

	t_pattern(bytes, count, OLD * (2 + side) + it->fed[side]);
	/* What follows the end has no place. */
	if (it->sides[side].has_ended)
		return;
	fed = INSIDE(zs_duplex_feed(it->duplex, (int)side, bytes, count));
	tell("feed(%u, %zu) = %d", side, count, fed);
	SO(fed == 0 || (errno == ENOMEM && world.injected[ENOMEM]) || it->results[side].error || errno == EINVAL, "feed: %s",
	   t_errno_name(errno));
	if (fed != 0)
		return;
	flow_feed(&it->flows[side], bytes, count);
	it->fed[side] += count;
	it->answer = it->answer <= 0 ? it->answer : ZS_WANT_RUN;
	(void)account_duplex(it);
}

/* Whether anything was reported, within so many milliseconds. */
static int hears_of_duplex(struct duplex_play *it, int ms)
{
	struct pollfd fds[2];
	struct epoll_event events[2];
	unsigned int wants[2];
	int count;

	if (it->epoll >= 0) {
		count = epoll_wait(it->epoll, events, 2, ms);
		for (int i = 0; i < count; i++)
			it->events[events[i].data.u32] |= events[i].events;
		return count > 0;
	}
	zs_duplex_wants(it->duplex, &wants[0], &wants[1]);
	for (int i = 0; i < 2; i++)
		fds[i] = (struct pollfd){ .fd = wants[i] ? it->sides[i].fd : -1,
					  .events = (short)(wants[i] | (wants[i] & POLLIN ? POLLRDHUP | POLLPRI : 0)) };
	count = poll(fds, 2, ms);
	for (int i = 0; i < 2; i++)
		it->events[i] |= (unsigned int)fds[i].revents;
	return count > 0;
}

static void waits_for_duplex(struct duplex_play *it)
{
	int patience = 0;

	while (it->answer == 1) {
		if (hears_of_duplex(it, patience > 0 ? 5 : 0))
			return;
		world.now += 10000;
		if (world_goes_on())
			continue;
		if (!is_slow() || ++patience >= 60)
			found("waits, and nobody hears anything any more");
	}
}

static void end_duplex(struct duplex_play *it)
{
	int pool_first = (int)pick(2);

	if (it->pool && pool_first)
		INSIDE((zs_pool_free(it->pool), 0));
	INSIDE((zs_duplex_free(it->duplex), 0));
	if (it->pool && !pool_first)
		INSIDE((zs_pool_free(it->pool), 0));
	MUST(it->epoll < 0 || close(it->epoll) == 0);
}

static void judge_duplex(struct duplex_play *it)
{
	const struct zs_result *results = it->results;

	SO((it->answer == 0) == (!results[0].error && !results[1].error), "run = %d, errors %s, %s", it->answer,
	   t_errno_name(results[0].error), t_errno_name(results[1].error));
	SO(it->answer == 0 || it->error == results[0].error || it->error == results[1].error, "errno %s",
	   t_errno_name(it->error));
	for (int i = 0; i < 2; i++) {
		SO(results[i].error == 0 || is_explained(results[i].error), "[%d]: nothing explains %s", i,
		   t_errno_name(results[i].error));
		if (results[i].error == 0)
			judge_end(&it->sides[i], it->taken[i]);
	}
	for (int i = 0; i < 2; i++)
		judge_input(&it->sides[i], it->taken[i]);
	for (int i = 0; i < 2; i++)
		judge_output(&it->sides[!i], results[i].bytes);
}

static void play_duplex(void)
{
	static struct duplex_play it;

	it = (struct duplex_play){ .epoll = -1 };
	open_duplex(&it);
	watch_duplex(&it);
	while (it.duplex && it.answer > 0) {
		if (pick(12) == 1)
			feeds_duplex(&it);
		if (pick(8) != 1)
			waits_for_duplex(&it);
		runs_duplex(&it);
	}
	if (it.duplex)
		judge_duplex(&it);
	end_duplex(&it);
	for (int i = 0; i < 2; i++)
		flow_end(&it.flows[i]);
}

#endif
