/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal reports an end of file (^D) once. That ends a copy from it, to every kind of output. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void ended(enum t_place to, int nonblock, const char *typed, int64_t len, struct zs_options options)
{
	struct zs_result result;
	struct termios mode;
	char bytes[16];
	int pty[2], out[2];
	struct t_later later = { .ms = 10, .write = typed };
	pthread_t thread;

	t_pty(pty);
	MUST(tcgetattr(pty[1], &mode) == 0);
	mode.c_lflag |= ICANON;
	mode.c_cc[VEOF] = 4;
	MUST(tcsetattr(pty[1], TCSANOW, &mode) == 0);
	t_nonblock(pty[1], nonblock);
	if (to == T_AT_FILE)
		out[0] = out[1] = t_file(0);
	else
		t_stream((enum t_stream)(to - 1), out);
	later.fd = pty[0];
	thread = t_later(&later);
	if (!T_EQ(zs_copy(pty[1], NULL, out[1], NULL, ZS_TO_END, &options, &result), len) |
	    !OK(result.bytes == (uint64_t)len && result.in_flight == 0 && result.error == 0))
		fprintf(stderr, "... to %s, nonblock %d, avoid %s\n", t_place_name(to), nonblock,
			t_via_words(options.avoid));
	t_join(thread);
	MUST(to != T_AT_FILE || lseek(out[0], 0, SEEK_SET) == 0);
	if (T_EQ(t_read(out[0], bytes, (size_t)len), (size_t)len))
		T_EQ(memcmp(bytes, typed, (size_t)len), 0);
	t_close2(pty);
	MUST(close(out[0]) == 0 && (to == T_AT_FILE || close(out[1]) == 0));
}

int main(void)
{
	for (int to = 0; to < T_PLACES; to++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			ended((enum t_place)to, nonblock, "line\n\004", 5, (struct zs_options){ 0 });
			ended((enum t_place)to, nonblock, "\004", 0, (struct zs_options){ 0 });
			ended((enum t_place)to, nonblock, "line\n\004", 5,
			      (struct zs_options){ .timeout_ns = T_MS(5000) });
			ended((enum t_place)to, nonblock, "line\n\004", 5,
			      (struct zs_options){ .avoid = ZS_VIA_SPLICE | ZS_VIA_SENDFILE });
		}
	/* splice(2) has the end, and no read is made to prove it. (Before Linux 5.11 it refuses terminals.) */
	if (!t_kernel_is_older(5, 11))
		ended(T_AT_PIPE, 0, "\004", 0, (struct zs_options){ .avoid = ZS_VIA_READ_WRITE });
	return t_done();
}
