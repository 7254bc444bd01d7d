/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Outputs that take nothing from a pipe (O_APPEND, some files of /proc) get their bytes all the same, in the
 * middle of a fan-out by tee(2) too. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 2500001

static void mixed(enum t_from from, size_t where, int append_only)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, from, 0, LEN);
	for (size_t i = 0; i < 4; i++)
		t_fan_add(&fan, append_only || i == where ? T_TO_APPEND : i == 2 ? T_TO_FILE : T_TO_PIPE, i & 1, i == 1 ? 500 : 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), LEN);
	T_EQ(fan.results[where].via, ZS_VIA_READ_WRITE);
	T_EQ(fan.results[where].copied, LEN);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
}

/* It already holds something. When it takes no more it is dropped, or ends the fan-out. */
static void limited(void *argument)
{
	static struct t_fan fan;
	struct t_source source;
	uint32_t flags = *(uint32_t *)argument;
	struct rlimit limit = { 300000, 300000 };

	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_APPEND, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	errno = 0;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags), flags ? LEN : -1);
	T_EQ(errno, flags ? 0 : EFBIG);
	if (flags) {
		T_EQ(fan.results[0].error, 0);
		T_EQ(fan.results[0].bytes, LEN);
		T_EQ(fan.results[1].error, EFBIG);
		T_EQ(fan.results[1].bytes, 300000);
		T_EQ(fan.results[2].error, EFBIG);
		T_EQ(fan.results[2].bytes, 300000);
	}
	for (size_t i = 0; i < 3; i++) {
		OK((flags && fan.results[i].error) ||
		   (int64_t)(fan.results[i].bytes + fan.results[i].in_flight) == t_position(source.fd));
		T_EQ(t_fan_got(&fan, i), fan.results[i].bytes);
	}
	t_source_end(&source);
}

int main(void)
{
	for (int from = 0; from < T_FROMS; from++) {
		for (size_t where = 0; where < 4; where++)
			mixed((enum t_from)from, where, 0);
		mixed((enum t_from)from, 3, 1);
	}
	T_CHILD(limited, &(uint32_t){ 0 });
	T_CHILD(limited, &(uint32_t){ ZS_DROP_FAILED });
	return t_done();
}
