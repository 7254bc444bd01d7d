/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_STABLE what is in flight from a file does not change any more when the file does. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void stable(enum t_stream out)
{
	int fds[2], file = t_file(600000), wanted;
	size_t got = 0, taken;
	zs_relay *relay;
	char *zeroes = calloc(1, 600000);

	t_stream(out, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	MUST(zeroes && (relay = zs_relay_new(file, fds[1], ZS_TO_END, NULL, ZS_STABLE)) != NULL);
	OK((wanted = t_relay_run(relay, 0)) == ZS_WANT_WRITE || out == T_A_TCP);
	taken = (size_t)(t_relay_result(relay).bytes + t_relay_result(relay).in_flight);
	T_EQ(t_position(file), (int64_t)taken);
	MUST(pwrite(file, zeroes, taken, 0) == (ssize_t)taken);
	while (wanted > 0) {
		got += t_pull(fds[0], SIZE_MAX, got);
		wanted = t_relay_run(relay, 0);
	}
	for (int i = 0; got < 600000 && i < 100; i++, t_sleep_ms(1))
		got += t_pull(fds[0], SIZE_MAX, got);
	T_EQ(wanted, 0);
	T_EQ(got, 600000);
	if (T_EQ(t_relay_result(relay).via, ZS_VIA_READ_WRITE))
		T_EQ(t_relay_result(relay).copied, 600000);
	zs_relay_free(relay);
	free(zeroes);
	t_close2(fds);
	MUST(close(file) == 0);
}

int main(void)
{
	stable(T_A_PIPE);
	stable(T_A_UNIX);
	stable(T_A_TCP);
	return t_done();
}
