/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A socket with fewer bytes than SO_RCVLOWAT is not ready for poll(2): a copy that wants no more than there are
 * is done all the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void takes(enum t_place to, struct zs_options options)
{
	struct zs_result result;
	int tcp[2], out[2], least = 100;
	char bytes[50];

	t_tcp_pair(tcp, 0, 0);
	if (to == T_AT_FILE)
		out[0] = out[1] = t_file(0);
	else
		t_stream((enum t_stream)(to - 1), out);
	MUST(setsockopt(tcp[1], SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0);
	t_pattern(bytes, 50, 0);
	MUST(write(tcp[0], bytes, 50) == 50);
	while (t_bytes_available(tcp[1]) < 50)
		t_sleep_ms(1);
	if (!T_EQ(zs_copy(tcp[1], NULL, out[1], NULL, 50, &options, &result), 50) |
	    !OK(result.bytes == 50 && result.error == 0 && t_bytes_available(tcp[1]) == 0))
		fprintf(stderr, "... to %s, timeout %lld, flags %s\n", t_place_name(to),
			(long long)options.timeout_ns, t_flag_words(options.flags));
	MUST(to != T_AT_FILE || lseek(out[0], 0, SEEK_SET) == 0);
	OK(t_gives_pattern(out[0], result.bytes, 0));
	t_close2(tcp);
	MUST(close(out[0]) == 0 && (to == T_AT_FILE || close(out[1]) == 0));
}

int main(void)
{
	for (int to = 0; to < T_PLACES; to++) {
		takes((enum t_place)to, (struct zs_options){ 0 });
		takes((enum t_place)to, (struct zs_options){ .timeout_ns = T_MS(5000) });
		takes((enum t_place)to, (struct zs_options){ .flags = ZS_INTERRUPT });
		takes((enum t_place)to, (struct zs_options){ .flags = ZS_STABLE });
	}
	return t_done();
}
