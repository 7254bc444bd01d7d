/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where there is no memory for a buffer of the usual size, a smaller one is used, for the data and for the read
 * that checks for the end. */
#include <zsplice.h>
#include "t.h"
#include "t_memory.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

struct fan_out {
	size_t len;
	uint32_t avoid;
	uint32_t flags;
};

static void story(void *argument)
{
	static struct t_fan fan;
	const struct fan_out *it = argument;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, it->len);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_limit_memory(65536);
	MUST(malloc(150000) == NULL);
	errno = 123;
	if (!OK(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = it->avoid, .flags = it->flags) ==
		(int64_t)it->len && errno == 123))
		fprintf(stderr, "... len %zu avoid %s flags %s: errno %s\n", it->len, t_via_words(it->avoid),
			t_flag_words(it->flags), t_errno_name(errno));
	OK(t_fan_whole(&fan, it->len));
}

int main(void)
{
	for (size_t len = 50000; len <= 1250000; len *= 5) {
		T_CHILD(story, (&(struct fan_out){ len, 0, 0 }));
		T_CHILD(story, (&(struct fan_out){ len, ZS_VIA_TEE, 0 }));
		T_CHILD(story, (&(struct fan_out){ len, 0, ZS_STABLE }));
	}
	return t_done();
}
