/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each system call of a relay fails with each error, or moves too few bytes: either everything is delivered or
 * there is an error, and what was delivered, what is in flight and what is still in the input make up the
 * whole. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_seccomp_notify.h"

#define LEN 40000
#define TO_FILE T_STREAMS

static struct {
	struct t_relay it;
	zs_pool *pool;
	int wanted, error, runs;
} scene;

static int played, tampered;

static void story(void *argument)
{
	(void)argument;
	for (scene.runs = 0; scene.runs < 500; scene.runs++) {
		errno = 0x5a5a;
		scene.wanted = zs_relay_run(scene.it.relay, 0);
		scene.error = errno;
		if (scene.wanted <= 0)
			return;
		if (scene.wanted & ZS_WANT_READ && scene.runs > 100)
			return; /* for which everything is there */
	}
}

static void play(enum t_stream in, int out, unsigned int flags, struct t_injection how)
{
	static char back[LEN + 1];
	int failures = t_failures, file = -1, lies = how.answer == 0, happened, full;
	struct zs_result result;
	ssize_t held;

	scene.it = t_relay_fds(in, out == TO_FILE ? T_A_PIPE : (enum t_stream)out);
	scene.it.relay = NULL;
	if (out == TO_FILE)
		file = t_file(0);
	else if (out == T_A_PIPE)
		MUST(fcntl(scene.it.fd_out, F_SETPIPE_SZ, 1 << 20) > 0);
	scene.it.relay = zs_relay_new(scene.it.fd_in, file >= 0 ? file : scene.it.fd_out, ZS_TO_END, scene.pool,
				      flags | ZS_RELAY_SHUTDOWN);
	MUST(scene.it.relay && t_push(scene.it.in, LEN, 0) == LEN);
	MUST(in == T_A_PIPE ? close(scene.it.in) == 0 : shutdown(scene.it.in, SHUT_WR) == 0);
	if (in == T_A_PIPE)
		scene.it.in = -1;
	happened = t_run_injected(how, story, NULL);
	result = t_relay_result(scene.it.relay);
	/* A pipe takes few tiny pieces. */
	full = scene.wanted == ZS_WANT_WRITE && file < 0 && !(t_ready(scene.it.fd_out, POLLOUT) & POLLOUT);
	OK(scene.wanted <= 0 || happened || full);
	OK(scene.wanted < 0 ? scene.error == result.error && result.error != 0 : result.error == 0);
	OK(scene.wanted < 0 || scene.error == 0x5a5a);
	OK(scene.wanted != 0 || (result.in_flight == 0 && (result.bytes == LEN || (happened && lies))));
	OK(happened || full || (scene.wanted == 0 && result.bytes == LEN));
	played++;
	tampered += happened;
	/* The relay does without what it needs only for itself, and a signal has no effect. (shutdown(2) never
	 * waits.) */
	if (!how.storm && ((how.answer == -EINTR && how.call.number != SYS_shutdown) || how.call.number == SYS_pipe2 || how.call.number == T_SYS_FCNTL))
		T_EQ(scene.wanted, 0);
	if (scene.wanted < 0 && !how.storm)
		OK(scene.error == -how.answer || (lies && scene.error == EIO));
	held = zs_relay_take(scene.it.relay, back, sizeof back);
	if (T_EQ(held, (ssize_t)result.in_flight))
		OK(t_is_pattern(back, result.in_flight, result.bytes));
	if (file >= 0) {
		if (T_EQ(t_size(file), (int64_t)result.bytes))
			OK(t_has_pattern(file, 0, result.bytes, 0));
		MUST(close(file) == 0);
	} else {
		size_t got = t_pull(scene.it.out, SIZE_MAX, 0);

		for (int i = 0; got < result.bytes && i < 100; i++, t_sleep_ms(1))
			got += t_pull(scene.it.out, SIZE_MAX, got);
		T_EQ(got, result.bytes);
	}
	OK(t_gives_pattern(scene.it.fd_in, LEN - result.bytes - result.in_flight, result.bytes + result.in_flight));
	T_EQ(read(scene.it.fd_in, back, 1), 0);
	if (t_failures > failures)
		fprintf(stderr, "  in %s out %d flags %s: %d-th call %s (%#x) says %d: wanted %s error %s "
			"bytes %llu in_flight %llu via %s side %s runs %d\n", t_stream_name(in), out,
			t_flag_words(flags), how.when, t_call_name(how.call.number),
			(unsigned int)how.call.detail, how.answer, t_want_words(scene.wanted),
			t_errno_name(scene.error), (unsigned long long)result.bytes,
			(unsigned long long)result.in_flight, t_via_words(result.via),
			t_side_word(result.side), scene.runs);
	t_relay_close(&scene.it);
}

static void weather(enum t_stream in, int out, unsigned int flags)
{
	struct t_call_count tallies[sizeof t_injected.tallies / sizeof *t_injected.tallies];
	uint64_t chance = 5;
	int kinds;

	for (int i = 0; i < 5; i++)
		play(in, out, flags, (struct t_injection){ .most = 30000 >> 2 * i, .chance = &chance, .answer = -1 });
	for (unsigned int i = 0; i < 30 && t_failures < 20; i++)
		play(in, out, flags, (struct t_injection){ .chance = &chance, .storm = 3 + i, .most = 15000 });
	play(in, out, flags, (struct t_injection){ .most = 20000, .answer = -1 });
	kinds = t_injected.kinds;
	memcpy(tallies, t_injected.tallies, sizeof tallies);
	for (int i = 0; i < kinds; i++)
		for (int when = 1; when <= 4 && when <= tallies[i].count; when++)
			for (size_t j = 0; j < T_ANSWERS && t_failures < 20; j++)
				if (!t_is_exempt(tallies[i].call, t_injected_answers[j]))
					play(in, out, flags, (struct t_injection){ .call = tallies[i].call, .when = when,
					     .answer = t_injected_answers[j], .most = 20000 });
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR && (scene.pool = zs_pool_new(1, 0)) != NULL);
	for (int in = 0; in < T_A_PTY; in++)
		for (int out = 0; out <= TO_FILE; out++)
			if (out != T_A_PTY)
				weather((enum t_stream)in, out, in == out ? ZS_NOSIGPIPE : 0);
	weather(T_A_UNIX, T_A_UNIX, ZS_STABLE);
	zs_pool_free(scene.pool);
	printf("%d relays, %d of them tampered with\n", played, tampered);
	return t_done();
}
