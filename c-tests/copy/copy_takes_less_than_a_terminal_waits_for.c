/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal with fewer bytes than VMIN is not ready for poll(2): a copy that wants no more than there are is done
 * all the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void takes(enum t_place to, struct zs_options options)
{
	struct zs_result result = t_unwritten();
	struct termios mode;
	int pty[2], out[2];
	char bytes[5];

	t_pty(pty);
	MUST(tcgetattr(pty[1], &mode) == 0);
	mode.c_cc[VMIN] = 10;
	mode.c_cc[VTIME] = 0;
	MUST(tcsetattr(pty[1], TCSANOW, &mode) == 0);
	if (to == T_AT_FILE)
		out[0] = out[1] = t_file(0);
	else
		t_stream((enum t_stream)(to - 1), out);
	t_pattern(bytes, 5, 0);
	t_write(pty[0], bytes, 5);
	while (t_bytes_available(pty[1]) < 5)
		t_sleep_ms(1);
	if (!T_EQ(zs_copy(pty[1], NULL, out[1], NULL, 5, &options, &result), 5))
		fprintf(stderr, "... to %s, timeout %lld, flags %s: errno %s\n", t_place_name(to),
			(long long)options.timeout_ns, t_flag_words(options.flags), t_errno_name(errno));
	T_EQ(result.bytes, 5);
	T_EQ(result.error, 0);
	MUST(to != T_AT_FILE || lseek(out[0], 0, SEEK_SET) == 0);
	OK(t_gives_pattern(out[0], result.bytes, 0));
	t_close2(pty);
	MUST(close(out[0]) == 0 && (to == T_AT_FILE || close(out[1]) == 0));
}

int main(void)
{
	for (int to = 0; to < T_PLACES; to++) {
		takes((enum t_place)to, (struct zs_options){ .timeout_ns = T_MS(5000) });
		if (t_failures == 0)
			takes((enum t_place)to, (struct zs_options){ .flags = ZS_INTERRUPT });
	}
	return t_done();
}
