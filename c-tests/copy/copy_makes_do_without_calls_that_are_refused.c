/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sandbox that refuses poll(2), fcntl(2), send(2), recv(2) or statx(2), or a limit of no descriptor at all for
 * poll(2), leaves what read(2) and write(2) can do. */
#include <zsplice.h>
#include <sys/resource.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"

#define LEN 200000

struct refusal {
	long number;              /* 0: RLIMIT_NOFILE */
	enum t_stream from, to;
};

static int64_t refuses(const uint64_t *args, int earlier)
{
	(void)args, (void)earlier;
	return -EPERM;
}

static void *give(void *argument)
{
	static char bytes[LEN];
	int fd = *(int *)argument;

	for (size_t done = 0; done < LEN; ) {
		ssize_t count = write(fd, bytes, LEN - done);

		MUST(count > 0);
		done += (size_t)count;
		t_sleep_ms(1);
	}
	MUST(close(fd) == 0);
	return NULL;
}

static void *take(void *argument)
{
	static char bytes[LEN];

	while (read(*(int *)argument, bytes, sizeof bytes) > 0)
		;
	return NULL;
}

static void story(void *argument)
{
	const struct refusal *refusal = argument;
	struct zs_result result = t_unwritten();
	struct rlimit none = { 0, 0 };
	pthread_t giver, taker;
	int in[2], out[2];

	t_stream(refusal->from, in);
	t_stream(refusal->to, out);
	giver = t_thread(give, &in[1]);
	taker = t_thread(take, &out[0]);
	if (refusal->number)
		t_intercept(refusal->number, refuses);
	else
		MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
	if (!OK(zs_copy(in[0], NULL, out[1], NULL, ZS_TO_END, NULL, &result) == LEN))
		fprintf(stderr, "... call %ld, from %s to %s: %s\n", refusal->number, t_stream_name(refusal->from),
			t_stream_name(refusal->to), t_errno_name(errno));
	T_EQ(result.bytes, LEN);
	MUST(close(out[1]) == 0);
	t_join(giver);
	t_join(taker);
}

int main(void)
{
	static const long numbers[] = { SYS_ppoll, T_SYS_FCNTL, SYS_sendto, SYS_recvfrom, SYS_statx, 0 };

	for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
		for (int from = T_A_PIPE; from <= T_A_TCP; from++)
			for (int to = T_A_PIPE; to <= T_A_TCP; to++) {
				struct refusal refusal = { numbers[n], (enum t_stream)from, (enum t_stream)to };

				T_CHILD(story, &refusal);
			}
	return t_done();
}
