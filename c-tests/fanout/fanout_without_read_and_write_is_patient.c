/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With read and write avoided, a splice(2) that moves nothing is no reason to give up: a file that has just grown is
 * followed, another reader of the pipe may have been faster, and a read that fails while it is to prove the end
 * of the input is an error of the input. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 300000
#define MORE 5000

static int in, far, turns;

static void set_up(struct t_fan *fan)
{
	t_fan_add(fan, T_TO_FILE, 0, 0);
	t_fan_add(fan, T_TO_NULL, 0, 0);
}

/* Where it ends, the file grows right after splice(2) has said so, twice. */
static int64_t grows(const uint64_t *a, int earlier)
{
	(void)earlier;
	if ((int)a[0] != in || t_position(in) < t_size(in) || turns == 2)
		return T_CONTINUE;
	t_put_pattern(in, t_size(in), MORE, (uint64_t)t_size(in));
	turns++;
	return 0;
}

static void growing(void *argument)
{
	static struct t_fan fan;

	(void)argument;
	set_up(&fan);
	in = t_file(LEN);
	t_intercept(SYS_splice, grows);
	T_EQ(T_FANOUT(in, NULL, &fan, ZS_TO_END, .avoid = ZS_VIA_READ_WRITE), LEN + 2 * MORE);
	T_EQ(turns, 2);
	if (T_EQ(fan.results[0].copied, 0))
		OK(t_fan_whole(&fan, LEN + 2 * MORE));
}

/* The other reader empties the pipe, and there is something new right after splice(2) has found nothing. */
static int64_t takes_it_away(void)
{
	char bytes[MORE];

	t_drain(in, MORE);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(far, bytes, sizeof bytes);
	return -EAGAIN;
}

static int64_t is_late(const uint64_t *a, int earlier)
{
	(void)earlier;
	if ((int)a[0] != in)
		return T_CONTINUE;
	return ++turns < 6 ? takes_it_away() : T_CONTINUE;
}

static void shared(void *argument)
{
	static struct t_fan fan;
	char bytes[MORE];
	int fds[2];

	(void)argument;
	set_up(&fan);
	MUST(pipe(fds) == 0);
	in = fds[0];
	far = fds[1];
	t_pattern(bytes, sizeof bytes, 0);
	t_write(far, bytes, sizeof bytes);
	t_intercept(SYS_splice, is_late);
	T_EQ(T_FANOUT(in, NULL, &fan, MORE, .avoid = ZS_VIA_READ_WRITE), MORE);
	OK(turns >= 6);
	if (T_EQ(fan.results[0].copied, 0))
		OK(t_fan_whole(&fan, MORE));
}

/* As if it had ended after the first step. */
static int64_t ends_early(const uint64_t *a, int earlier)
{
	(void)earlier;
	return (int)a[0] == in && ++turns == 1 ? 0 : T_CONTINUE;
}

static void unreadable(void *argument)
{
	static struct t_fan fan;

	(void)argument;
	set_up(&fan);
	in = t_file(LEN);
	t_intercept(SYS_splice, ends_early);
	t_refuse(T_SYS_PREAD, EIO);
	T_EQ(T_FANOUT(in, NULL, &fan, ZS_TO_END, .avoid = ZS_VIA_READ_WRITE), -1);
	T_EQ(errno, EIO);
	T_EQ(turns, 1);
	for (int i = 0; i < 2; i++)
		OK(T_IS(fan.results[i], .index = (uint32_t)i, .error = EIO, .side = ZS_SIDE_IN));
}

int main(void)
{
	T_CHILD(growing, NULL);
	T_CHILD(shared, NULL);
	T_CHILD(unreadable, NULL);
	return t_done();
}
