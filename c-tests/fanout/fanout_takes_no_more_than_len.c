/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bounded length leaves what follows in the input; one beyond the end gives what there is. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void bounded(enum t_from from, uint32_t flags, size_t len, size_t wanted)
{
	static struct t_fan fan;
	struct t_source source;
	size_t most = len < wanted ? len : wanted;
	char byte;

	t_scene("from %s flags %s len %zu wanted %zu", t_from_name(from), t_flag_words(flags), len, wanted);
	t_source(&source, from, 0, len);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_UNIX, 1, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, wanted, .flags = flags), (int64_t)most);
	OK(t_fan_whole(&fan, most));
	OK(t_gives_pattern(source.fd, len - most, most) && read(source.fd, &byte, 1) == 0);
	t_source_end(&source);
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 65535, 65536, 65537, 262145, 700001 };

	for (int from = 0; from < T_FROMS; from++)
		for (int i = 0; i < 7; i++)
			for (int stable = 0; stable < 2; stable++) {
				bounded((enum t_from)from, stable ? ZS_STABLE : 0, lens[i], 262144);
				bounded((enum t_from)from, stable ? ZS_STABLE : 0, 800000, lens[i]);
			}
	return t_done();
}
