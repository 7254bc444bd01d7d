/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A FIFO whose first writer opens and closes it without writing a byte has ended: the copy returns 0, whichever
 * mechanism was waiting. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void *visit(void *argument)
{
	int fd;

	t_sleep_ms(20);
	MUST((fd = open("fifo", O_WRONLY)) >= 0 && close(fd) == 0);
	return argument;
}

static void ended(enum t_place to, uint64_t len, struct zs_options options)
{
	struct zs_result result;
	int fifo = open("fifo", O_RDONLY | O_NONBLOCK), out[2] = { -1, -1 };
	int64_t began = t_now_ms();
	pthread_t thread;

	MUST(fifo >= 0);
	if (to == T_AT_FILE)
		out[1] = t_file(0);
	else
		t_stream((enum t_stream)(to - 1), out);
	thread = t_thread(visit, NULL);
	errno = 123;
	if (!OK(zs_copy(fifo, NULL, out[1], NULL, len, &options, &result) == 0 && errno == 123) |
	    !OK(T_IS(result, .bytes = 0)) | !OK(t_now_ms() - began >= 20))
		fprintf(stderr, "... to %s, avoid %s, flags %s\n", t_place_name(to),
			t_via_words(options.avoid), t_flag_words(options.flags));
	t_join(thread);
	MUST(close(fifo) == 0 && close(out[1]) == 0 && (out[0] < 0 || close(out[0]) == 0));
}

int main(void)
{
	MUST(mkfifo("fifo", 0600) == 0);
	for (int to = 0; to < T_PLACES; to++) {
		ended((enum t_place)to, ZS_TO_END, (struct zs_options){ 0 });
		ended((enum t_place)to, 10, (struct zs_options){ .timeout_ns = T_MS(5000) });
		ended((enum t_place)to, ZS_TO_END, (struct zs_options){ .avoid = ZS_VIA_READ_WRITE });
		ended((enum t_place)to, ZS_TO_END, (struct zs_options){ .avoid = ZS_VIA_SPLICE });
		ended((enum t_place)to, ZS_TO_END, (struct zs_options){ .flags = ZS_STABLE });
	}
	MUST(unlink("fifo") == 0);
	return t_done();
}
