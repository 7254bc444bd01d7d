/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each system call of a fan-out fails once, with every error, or moves fewer bytes than asked for; then random
 * calls fail. In every case each output holds exactly what its result says, and the input continues right after
 * what was taken. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_random.h"
#include "t_seccomp_notify.h"

#define LEN 200000
#define OUTS 3

struct fan {
	int in, is_pipe, fds[OUTS], far;
	struct zs_options options;
	struct zs_result results[OUTS];
	int64_t returned;
	int error;
	char bytes[LEN];
	size_t got;
	pthread_t reader;
};

static void fan_out(void *argument)
{
	struct fan *fan = argument;

	errno = 123;
	fan->returned = zs_fanout(fan->in, NULL, fan->fds, OUTS, ZS_TO_END, &fan->options, fan->results);
	fan->error = errno;
}

/* Small pieces fill a pipe with few bytes, so it has to be read. */
static void *reads(void *argument)
{
	struct fan *fan = argument;

	fan->got = t_read(fan->far, fan->bytes, LEN);
	return NULL;
}

static void set_up(struct fan *fan)
{
	static char bytes[LEN];
	int fds[2];

	fan->in = t_file(LEN);
	if (fan->is_pipe) {
		MUST(close(fan->in) == 0 && pipe(fds) == 0 && fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
		t_pattern(bytes, LEN, 0);
		t_write(fds[1], bytes, LEN);
		MUST(close(fds[1]) == 0);
		fan->in = fds[0];
	}
	MUST(pipe(fds) == 0);
	fan->far = fds[0];
	fan->reader = t_thread(reads, fan);
	fan->fds[0] = fds[1];
	fan->fds[1] = t_file(0);
	fds[0] = t_file(0);
	fan->fds[2] = t_reopen(fds[0], O_RDWR | (fan->options.flags & ZS_MORE ? O_APPEND : 0));
	MUST(close(fds[0]) == 0);
}

/* Whether all adds up; a made-up end of the input counts where it comes from read(2). */
static int look(struct fan *fan, int answer, int may_end)
{
	static char rest[LEN];
	size_t taken = 0, left;
	int good = 1, failed = 0;

	for (int i = 0; i < OUTS; i++)
		if (fan->results[i].bytes + fan->results[i].in_flight > taken)
			taken = fan->results[i].bytes + fan->results[i].in_flight;
	left = t_read(fan->in, rest, LEN);
	good &= OK(left == LEN - taken && t_is_pattern(rest, left, taken));
	MUST(close(fan->fds[0]) == 0);
	t_join(fan->reader);
	good &= OK(fan->got == fan->results[0].bytes && t_is_pattern(fan->bytes, fan->got, 0));
	for (int i = 0; i < OUTS; i++) {
		const struct zs_result *result = &fan->results[i];

		failed += result->error != 0;
		if (i > 0)
			good &= OK((uint64_t)t_size(fan->fds[i]) == result->bytes &&
				   t_has_pattern(fan->fds[i], 0, result->bytes, 0));
		good &= OK(result->error || result->bytes + result->in_flight == taken);
		good &= OK(fan->returned < 0 || result->error || result->in_flight == 0);
	}
	if (fan->returned >= 0)
		good &= OK(fan->returned == (int64_t)taken && fan->error == 123 && (taken == LEN || may_end));
	else
		good &= OK(failed > 0 && (may_end || fan->error == -answer || fan->error == EIO ||
					  fan->error == EOPNOTSUPP));
	MUST(close(fan->far) == 0 && close(fan->fds[1]) == 0 && close(fan->fds[2]) == 0 && close(fan->in) == 0);
	return good;
}

static int played;

static void play(struct fan *fan, struct t_injection how, int may_end)
{
	int before = t_open_descriptors();

	set_up(fan);
	(void)t_run_injected(how, fan_out, fan);
	played++;
	if (!look(fan, how.answer, may_end) | !T_EQ(t_open_descriptors(), before))
		fprintf(stderr, "... pipe %d flags %s: %d-th system call %s (%#x) says %d: returned %lld, "
			"errno %s\n", fan->is_pipe, t_flag_words(fan->options.flags), how.when,
			t_call_name(how.call.number), (unsigned int)how.call.detail, how.answer,
			(long long)fan->returned, t_errno_name(fan->error));
}

static void nothing(void *argument)
{
	(void)argument;
}

int main(void)
{
	static const uint32_t flags[] = { 0, ZS_STABLE, ZS_MORE | ZS_DROP_FAILED };
	struct t_call_count tallies[sizeof t_injected.tallies / sizeof *t_injected.tallies];
	uint64_t chance = t_seed();

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	(void)t_run_injected((struct t_injection){ .when = 0 }, nothing, NULL);
	for (int i = 0; i < 6; i++) {
		static struct fan fan;
		int kinds;

		fan.is_pipe = i & 1;
		fan.options.flags = flags[i / 2];
		for (int j = 0; j < 4; j++)
			play(&fan, (struct t_injection){ .most = 40000 >> 2 * j, .chance = &chance }, 0);
		for (unsigned int j = 0; j < 20 && t_failures < 10; j++)
			play(&fan, (struct t_injection){ .most = 15000, .chance = &chance, .storm = 4 + j }, 1);
		play(&fan, (struct t_injection){ .most = 60000 }, 0);
		kinds = t_injected.kinds;
		memcpy(tallies, t_injected.tallies, sizeof tallies);
		for (int k = 0; k < kinds; k++)
			for (int when = 1; when <= tallies[k].count && when <= 2; when++)
				for (size_t j = 0; j < T_ANSWERS && t_failures < 10; j++)
					if (!t_is_exempt(tallies[k].call, t_injected_answers[j]))
						play(&fan, (struct t_injection){ .call = tallies[k].call, .when = when,
							.answer = t_injected_answers[j], .most = 60000 }, t_injected_answers[j] == 0);
	}
	printf("%d fan-outs\n", played);
	return t_done();
}
