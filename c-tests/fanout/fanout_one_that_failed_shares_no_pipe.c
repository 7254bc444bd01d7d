/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Outputs that cannot be spliced to get their bytes through one pipe and one buffer. When the first of them has failed
 * and is left out, the others get what is theirs all the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (2 << 20)

/* /dev/full refuses splice(2), and so does a file that appends. */
static void goes_on(enum t_from from, int appending)
{
	static struct t_fan fan;
	struct t_source source;
	int files[3], full = open("/dev/full", O_WRONLY);

	t_scene("from a %s, %d that append", t_from_name(from), appending);
	MUST(full >= 0);
	t_source(&source, from, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	fan.fds[fan.count++] = full;
	for (int i = 0; i < appending; i++) {
		files[i] = t_file(0);
		fan.fds[fan.count++] = t_reopen(files[i], O_WRONLY | O_APPEND);
	}
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED), LEN);
	T_EQ(fan.results[1].error, ENOSPC);
	T_EQ(fan.results[1].bytes, 0);
	for (int i = 0; i < appending; i++) {
		T_EQ(fan.results[2 + i].bytes, LEN);
		OK(t_size(files[i]) == LEN && t_has_pattern(files[i], 0, LEN, 0));
		MUST(close(files[i]) == 0 && close(fan.fds[2 + i]) == 0);
	}
	T_EQ(t_fan_got(&fan, 0), LEN);
	MUST(close(full) == 0);
	fan.count = 0;
	t_source_end(&source);
}

int main(void)
{
	for (int from = 0; from < T_FROMS; from++)
		for (int appending = 1; appending <= 3; appending++)
			goes_on((enum t_from)from, appending);
	return t_done();
}
