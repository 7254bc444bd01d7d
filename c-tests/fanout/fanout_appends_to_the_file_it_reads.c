/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output with O_APPEND may be the input itself, by the same open file description: a bounded length is read to
 * its end, though every write moves the position that the two share. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define SIZE (2 << 20)
#define LEN (1500000)

static void appended(int with_offset, uint32_t avoid)
{
	static struct t_fan fan;
	int both = t_file(SIZE);
	int64_t off = 1000;

	t_scene("with offset %d, avoid %s", with_offset, t_via_words(avoid));
	MUST(fcntl(both, F_SETFL, O_APPEND) == 0 && lseek(both, 1000, SEEK_SET) == 1000);
	MUST((fan.fds[0] = dup(both)) >= 0);
	fan.count = 1;
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	T_EQ(T_FANOUT(both, with_offset ? &off : NULL, &fan, LEN, .avoid = avoid), LEN);
	OK(!with_offset || off == 1000 + LEN);
	for (int i = 0; i < 2; i++)
		OK(fan.results[i].bytes == LEN && fan.results[i].in_flight == 0 && fan.results[i].error == 0);
	OK(t_size(both) == SIZE + LEN && t_has_pattern(both, 0, SIZE, 0) && t_has_pattern(both, SIZE, LEN, 1000));
	if (T_EQ(t_size(fan.fds[1]), LEN))
		OK(t_has_pattern(fan.fds[1], 0, LEN, 1000));
	MUST(close(both) == 0 && close(fan.fds[0]) == 0 && close(fan.fds[1]) == 0);
	fan.count = 0;
}

int main(void)
{
	for (int with_offset = 0; with_offset < 2; with_offset++) {
		appended(with_offset, 0);
		appended(with_offset, ZS_VIA_TEE);
	}
	return t_done();
}
