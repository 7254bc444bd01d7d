/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output takes a part of what `rate` let in, and has room for the rest at once: the rest waits, too, until the
 * rate lets it move. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"
#include "t_rate.h"

/* A step is 11 bytes, and the next one is worth it once there are 6 again. */
#define RATE 1000
#define PART 10
#define LEAST_NS 4000000 /* until there are: 5 bytes at 990 a second, and some rounding */

static int out;
static int64_t sent_at[2];

static int64_t takes_a_part(const uint64_t *args, int earlier)
{
	static int sends;

	(void)earlier;
	if ((int)args[0] != out || args[2] == 0)
		return T_CONTINUE;
	switch (sends++) {
	case 0:
		sent_at[0] = t_now_ns();
		MUST(args[2] > PART);
		return write(out, (void *)(uintptr_t)args[1], PART);
	case 1:
		return -EAGAIN;
	case 2:
		__atomic_store_n(&sent_at[1], t_now_ns(), __ATOMIC_RELEASE);
		/* fall through */
	default:
		return T_CONTINUE;
	}
}

static void story(void *argument)
{
	const struct zs_options options = { .rate = RATE };
	struct zs_result results[2];
	char bytes[40];
	int in[2], to[2], null = open("/dev/null", O_RDWR);

	(void)argument;
	MUST(null >= 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, in) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(in[1], bytes, sizeof bytes);
	MUST(shutdown(in[1], SHUT_WR) == 0);
	out = to[1];
	t_intercept(SYS_sendto, takes_a_part);
	T_EQ(zs_bridge(in[0], null, null, out, &options, results), 0);
	T_EQ(results[0].bytes, sizeof bytes);
	OK(__atomic_load_n(&sent_at[1], __ATOMIC_ACQUIRE) - sent_at[0] >= LEAST_NS);
	T_EQ(t_read(to[0], bytes, sizeof bytes), sizeof bytes);
	OK(t_is_pattern(bytes, sizeof bytes, 0));
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
