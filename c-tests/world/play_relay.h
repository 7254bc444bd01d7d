/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay in an event loop, which waits for what the relay names and for nothing else: with poll(2), or with
 * edge-triggered epoll(7), where what is named in vain is never heard of. */
#ifndef WORLD_PLAY_RELAY_H
#define WORLD_PLAY_RELAY_H

#include <sys/epoll.h>

struct relay_play {
	struct end in, out;
	struct flow flow;
	uint64_t len, fed, got_back, taken;
	unsigned int flags;
	zs_pool *pool;
	zs_relay *relay;
	/* Edge-triggered; -1: poll(2). */
	int epoll;
	int wants, error;
	/* Runs in a row that brought nothing about. */
	int idle_runs;
	struct zs_result result;
};

static void open_relay(struct relay_play *it)
{
	static const unsigned int flags[] = { ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_SHUTDOWN, ZS_RELAY_LEVEL };

	open_end(&it->in, pick(KINDS), 1, 0);
	open_end(&it->out, pick(KINDS), 0, 1);
	follow(&it->flow, &it->in);
	it->out.flow = &it->flow;
	it->len = pick(2) ? pick_size() : ZS_TO_END;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		it->flags |= pick(4) == 1 ? flags[i] : 0;
	it->epoll = pick(2) && !(it->flags & ZS_RELAY_LEVEL) ? epoll_create1(0) : -1;
	/* The kernel does not say EAGAIN for nothing: an edge would be missed. */
	if (it->epoll >= 0)
		world.faults &= ~(unsigned int)F_AGAIN;
	options.flags = world.flags = it->flags & (ZS_NOSIGPIPE | ZS_STABLE);
	world.may_not_wait = 1;
	if (pick(2))
		it->pool = INSIDE(zs_pool_new(pick(3), pick(2) ? 0 : (size_t)4096 << pick(9)));
	snprintf(choices.scene, sizeof choices.scene, "relay: %s %d -> %s %d, len %lld, flags %s, %s, %s pool, faults %#x",
		 kind_names[it->in.kind], it->in.fd, kind_names[it->out.kind], it->out.fd, (long long)it->len,
		 t_flag_words(it->flags), it->epoll >= 0 ? "edge" : "level", it->pool ? "a" : "no", world.faults);
	tell("%s", choices.scene);
	it->relay = INSIDE(zs_relay_new(it->in.fd, it->out.fd, it->len, it->pool, it->flags));
	it->error = errno;
	SO(it->relay || is_explained(it->error), "zs_relay_new: nothing explains %s", t_errno_name(it->error));
	it->wants = ZS_WANT_RUN;
}

static void watch_edges(struct relay_play *it)
{
	const int fds[] = { it->in.fd, it->out.fd };
	const struct end *sides[] = { &it->in, &it->out };

	for (int i = 0; it->epoll >= 0 && i < 2; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

		MUST(is_file(sides[i]) || epoll_ctl(it->epoll, EPOLL_CTL_ADD, fds[i], &event) == 0);
	}
}

/* Every byte is where the result says. */
static void account(struct relay_play *it, uint64_t before)
{
	struct zs_result *now = &it->result;
	uint64_t taken;

	INSIDE((zs_relay_result(it->relay, now), 0));
	SO(now->bytes >= before, "bytes went from %llu to %llu", (unsigned long long)before, (unsigned long long)now->bytes);
	taken = now->bytes + now->in_flight + it->got_back - it->fed;
	SO(taken >= it->taken, "taken %llu, before %llu", (unsigned long long)taken, (unsigned long long)it->taken);
	SO(it->len == ZS_TO_END || taken <= it->len, "%llu taken, more than len", (unsigned long long)taken);
	SO(is_file(&it->in) || taken <= it->in.given, "taken %llu of %llu", (unsigned long long)taken,
	   (unsigned long long)it->in.given);
	if (taken > it->taken && taken > it->flow.from_input)
		flow_take(&it->flow, taken - it->flow.from_input);
	it->taken = taken;
}

static void runs(struct relay_play *it)
{
	uint64_t before = it->result.bytes, budget = pick(3) ? 0 : pick(2) ? 1 + pick(3) : pick_size(), did = deeds;
	uint64_t taken = it->taken;

	it->wants = INSIDE(zs_relay_run(it->relay, budget));
	it->error = errno;
	account(it, before);
	tell("run(%llu) = %d %s: bytes %llu, in flight %llu", (unsigned long long)budget, it->wants,
	     it->wants < 0 ? t_errno_name(it->error) : "", (unsigned long long)it->result.bytes,
	     (unsigned long long)it->result.in_flight);
	judge_result(&it->result, it->wants, it->error);
	SO(it->result.bytes - before <= (budget ? budget : 1 << 20), "more than the budget");
	SO(it->wants != 0 || it->result.in_flight == 0, "over, with bytes in flight");
	SO(it->wants <= 0 || it->wants & ZS_WANT_RUN ? it->wants <= ZS_WANT_RUN : it->wants < ZS_WANT_RUN, "wants %d",
	   it->wants);
	SO(it->wants <= 0 || !(it->wants & ZS_WANT_READ) || !is_file(&it->in), "waits for a file to read");
	SO(it->wants <= 0 || !(it->wants & ZS_WANT_WRITE) || !is_file(&it->out), "waits for a file to write");
	it->idle_runs = before != it->result.bytes || taken != it->taken || did != deeds ? 0 : it->idle_runs + 1;
	SO(it->idle_runs < 1200, "runs again and again, and nothing moves: wants %d", it->wants);
	if (it->wants == 0 && (it->len == ZS_TO_END || it->taken < it->len))
		judge_end(&it->in, it->taken);
}

static void feeds(struct relay_play *it)
{
	static unsigned char bytes[PIECE * 3];
	size_t count = pick_size();
	int fed;

	t_pattern(bytes, count, OLD * 2 + it->fed);
	fed = INSIDE(zs_relay_feed(it->relay, bytes, count));
	tell("feed(%zu) = %d", count, fed);
	SO(fed == 0 || (errno == ENOMEM && world.injected[ENOMEM]) || it->wants < 0 || errno == EINVAL || errno == EPIPE,
	   "feed: %s", t_errno_name(errno));
	if (fed != 0)
		return;
	flow_feed(&it->flow, bytes, count);
	it->fed += count;
	it->wants = it->wants < 0 ? it->wants : ZS_WANT_RUN;
	account(it, it->result.bytes);
}

static void takes_back(struct relay_play *it)
{
	static unsigned char bytes[PIECE * 3];
	size_t count = pick_size(), held = it->result.in_flight;
	ssize_t n = INSIDE(zs_relay_take(it->relay, bytes, count));

	tell("take(%zu) = %zd", count, n);
	SO(n == (ssize_t)(count < held ? count : held) || (n == -1 && world.injected[errno]), "take: %zd of %zu, held %zu", n,
	   count, held);
	if (n <= 0)
		return;
	SO(flow_has(&it->flow, it->result.bytes, bytes, (size_t)n), "take: not the bytes that come next");
	flow_cut(&it->flow, it->result.bytes, (size_t)n);
	it->got_back += (uint64_t)n;
	account(it, it->result.bytes);
	/* The output has room for what follows, of which no event tells. */
	it->wants = it->wants < 0 ? it->wants : ZS_WANT_RUN;
}

static void lets_more(struct relay_play *it)
{
	size_t count = pick_size();

	if (it->len == ZS_TO_END)
		return;
	if (INSIDE(zs_relay_more(it->relay, count)) != 0)
		return;
	tell("more(%zu)", count);
	it->len += count;
	it->wants = it->wants < 0 ? it->wants : ZS_WANT_RUN;
}

/* ---- The loop ---- */

/* Whether one of those that are waited for is ready. */
static int hears(struct relay_play *it, int ms)
{
	struct pollfd fds[2] = { { .fd = it->wants & ZS_WANT_READ ? it->in.fd : -1, .events = POLLIN },
				 { .fd = it->wants & ZS_WANT_WRITE ? it->out.fd : -1, .events = POLLOUT } };
	struct epoll_event events[2];

	if (it->epoll >= 0)
		return epoll_wait(it->epoll, events, 2, ms) > 0;
	return poll(fds, 2, ms) > 0;
}

static void waits(struct relay_play *it)
{
	int patience = 0;

	while (it->wants > 0 && !(it->wants & ZS_WANT_RUN)) {
		if (hears(it, patience > 0 && patience < 60 ? 5 : 0))
			return;
		world.now += 10000;
		if (world_goes_on())
			continue;
		if (is_slow() && ++patience < 60)
			continue;
		if (it->in.is_silent)
			return;
		found("wants %d, of which nobody hears any more", it->wants);
	}
}

static void goes_on(struct relay_play *it)
{
	switch (is_over() ? 0 : pick(12)) {
	case 1:
		if (!one_in(3))
			runs(it);
		else
			feeds(it);
		break;
	case 2:
		if (one_in(3))
			takes_back(it);
		break;
	case 3:
		lets_more(it);
		break;
	case 4:
		peers_act();
		break;
	default:
		waits(it);
		runs(it);
	}
}

static void take_all_back(struct relay_play *it)
{
	for (int tries = 0; it->result.in_flight > 0 && tries < 200; tries++)
		takes_back(it);
}

static void end_relay(struct relay_play *it)
{
	int pool_first = (int)pick(2);

	if (one_in(2))
		take_all_back(it);
	if (it->pool && pool_first)
		INSIDE((zs_pool_free(it->pool), 0));
	INSIDE((zs_relay_free(it->relay), 0));
	if (it->pool && !pool_first)
		INSIDE((zs_pool_free(it->pool), 0));
	MUST(it->epoll < 0 || close(it->epoll) == 0);
}

static void play_relay(void)
{
	static struct relay_play it;

	it = (struct relay_play){ .epoll = -1 };
	open_relay(&it);
	watch_edges(&it);
	while (it.relay && it.wants > 0)
		goes_on(&it);
	if (it.relay) {
		end_relay(&it);
		if (!is_file(&it.in))
			judge_input(&it.in, it.taken);
		judge_output(&it.out, it.result.bytes);
		if (is_file(&it.out))
			judge_file(&it.out, it.result.bytes);
	} else {
		INSIDE((zs_pool_free(it.pool), 0));
		MUST(it.epoll < 0 || close(it.epoll) == 0);
	}
	flow_end(&it.flow);
}

#endif
