/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that fails ends the call with its error, which only its own result has. The results of the others
 * say what they have received, and what was taken beyond that. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (8 << 20)

/* Reads some of it, and closes its end. */
static void *dies(void *argument)
{
	struct t_output *output = argument;

	t_drain(output->far, 300000);
	MUST(close(output->far) == 0);
	return NULL;
}

static void dead(enum t_from from, enum t_out kind, size_t which, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	static char rest[LEN];
	struct t_source source;
	size_t taken = 0, left;

	t_source(&source, from, nonblock, LEN);
	for (size_t i = 0; i < 4; i++) {
		if (i != which) {
			t_fan_add(&fan, i == 0 ? T_TO_FILE : i == 1 ? T_TO_PIPE : i == 2 ? T_TO_TCP : T_TO_UNIX, nonblock, 0);
			continue;
		}
		t_fan_add(&fan, kind, nonblock, -1)->reader = t_thread(dies, &fan.of[i]);
	}
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags | ZS_NOSIGPIPE), -1);
	OK(errno == EPIPE || (kind >= T_TO_UNIX && errno == ECONNRESET));
	T_EQ(fan.results[which].error, errno);
	T_EQ(fan.results[which].side, ZS_SIDE_OUT);
	OK(fan.results[which].bytes >= 300000);
	t_join(fan.of[which].reader);
	taken = fan.results[which].bytes + fan.results[which].in_flight;
	if (from == T_FROM_FILE)
		T_EQ(t_position(source.fd), (int64_t)taken);
	left = t_read(source.fd, rest, LEN);
	if (T_EQ(left, LEN - taken))
		OK(t_is_pattern(rest, left, taken));
	for (size_t i = 0; i < 4; i++) {
		const struct zs_result *result = &fan.results[i];

		T_EQ(result->bytes + result->in_flight, taken);
		if (i == which) {
			MUST(close(fan.fds[i]) == 0);
			continue;
		}
		T_EQ(result->error, 0);
		T_EQ(result->side, 0);
		T_EQ(t_fan_got(&fan, i), result->bytes);
	}
	fan.count = 0;
	t_source_end(&source);
}

static void full(const char *device, uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, 300000);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	fan.fds[fan.count++] = open(device, O_WRONLY);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags), -1);
	T_EQ(errno, ENOSPC);
	if (T_EQ(fan.results[0].error, 0))
		T_EQ(fan.results[0].bytes + fan.results[0].in_flight, (uint64_t)t_position(source.fd));
	/* The device cannot be spliced to. */
	OK(T_IS(fan.results[1], .index = 1, .error = ENOSPC, .side = ZS_SIDE_OUT,
		.refused = flags & ZS_STABLE ? 0 : ZS_VIA_SPLICE, .refusal = flags & ZS_STABLE ? 0 : EINVAL,
		.in_flight = (uint64_t)t_position(source.fd)));
	T_EQ(t_fan_got(&fan, 0), fan.results[0].bytes);
	MUST(close(fan.fds[1]) == 0);
	fan.count = 0;
	t_source_end(&source);
}

int main(void)
{
	for (int from = 0; from < T_FROMS; from++)
		for (int stable = 0; stable < 2; stable++)
			for (size_t which = 0; which < 4; which++)
				dead((enum t_from)from, (enum t_out)(which == 3 ? T_TO_TCP : which == 2 ? T_TO_UNIX : T_TO_PIPE),
				     which, stable ^ (from & 1), stable ? ZS_STABLE : 0);
	full("/dev/full", 0);
	full("/dev/full", ZS_STABLE);
	return t_done();
}
