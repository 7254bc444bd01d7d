/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) never gets past TCP urgent data, but a copy does: what comes before and after it gets through. (The
 * urgent byte itself is out of band.) */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

enum { TO_FILE, TO_PIPE, TO_UNIX, TOS };

static void *talk(void *argument)
{
	int *fd = argument;

	MUST(send(*fd, "more", 4, 0) == 4);
	t_sleep_ms(10);
	MUST(send(*fd, "and more", 8, 0) == 8);
	t_sleep_ms(10);
	MUST(send(*fd, "end", 3, 0) == 3 && shutdown(*fd, SHUT_WR) == 0);
	return NULL;
}

/* One mark only: a second would make the byte at the first one of the others, if it comes too early. */
static void passes(int to, int nonblock, struct zs_options options, size_t before, uint64_t len)
{
	struct zs_result result;
	char tail[16], *bytes = malloc(before + 1);
	int tcp[2], out[2] = { -1, -1 };
	int64_t cpu;
	pthread_t thread;

	MUST(bytes != NULL);
	t_tcp_pair(tcp, 0, 0);
	if (to == TO_FILE)
		out[0] = out[1] = t_file(0);
	else
		t_stream(to == TO_PIPE ? T_A_PIPE : T_A_UNIX, out);
	t_pattern(bytes, before, 0);
	t_write(tcp[0], bytes, before);
	MUST(send(tcp[0], "!", 1, MSG_OOB) == 1);
	t_nonblock(tcp[1], nonblock);
	thread = t_thread(talk, &tcp[0]);
	cpu = t_cpu_ms();
	T_EQ(zs_copy(tcp[1], NULL, out[1], NULL, len, &options, &result), (int64_t)before + 15);
	OK(t_cpu_ms() - cpu < 1000);
	T_EQ(result.bytes, before + 15);
	T_EQ(result.in_flight, 0);
	T_EQ(result.error, 0);
	if (to == TO_FILE)
		MUST(lseek(out[0], 0, SEEK_SET) == 0);
	OK(t_gives_pattern(out[0], before, 0));
	if (T_EQ(t_read(out[0], tail, 15), 15))
		T_EQ(memcmp(tail, "moreand moreend", 15), 0);
	t_join(thread);
	t_close2(tcp);
	MUST(close(out[0]) == 0 && (to == TO_FILE || close(out[1]) == 0));
	free(bytes);
}

int main(void)
{
	for (int to = 0; to < TOS; to++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			passes(to, nonblock, (struct zs_options){ 0 }, 50000, ZS_TO_END);
			passes(to, nonblock, (struct zs_options){ 0 }, 0, ZS_TO_END);
			passes(to, nonblock, (struct zs_options){ 0 }, 50000, 50015);
			passes(to, nonblock, (struct zs_options){ .timeout_ns = T_MS(10000) }, 50000, ZS_TO_END);
			passes(to, nonblock, (struct zs_options){ .timeout_ns = T_MS(10000) }, 1, ZS_TO_END);
			passes(to, nonblock, (struct zs_options){ .avoid = ZS_VIA_SPLICE }, 50000, ZS_TO_END);
		}
	return t_done();
}
