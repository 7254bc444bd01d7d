/* RLIMIT_NOFILE may have been lowered, as sandboxes do, to less than there are outputs: poll(2) takes no more places
 * than that, and all are served nevertheless. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 500000
#define OUTS 40

static void lowered(void *argument)
{
	static struct t_fan fan;
	rlim_t limit = *(rlim_t *)argument;
	struct t_source source;
	struct rlimit before, lower;
	int cancel[2];

	MUST(pipe(cancel) == 0);
	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < OUTS; i++)
		t_fan_add(&fan, i % 2 ? T_TO_PIPE : T_TO_UNIX, i % 4 < 2, 1000);
	MUST(getrlimit(RLIMIT_NOFILE, &before) == 0);
	lower = before;
	lower.rlim_cur = limit;
	MUST(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	if (!OK(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .timeout_ns = T_MS(15000), .cancel_fd = cancel[0],
			 .flags = limit > 1 ? ZS_CANCEL_FD : 0) == LEN))
		fprintf(stderr, "... limit %d: errno %d\n", (int)limit, errno);
	MUST(setrlimit(RLIMIT_NOFILE, &before) == 0);
	OK(t_fan_whole(&fan, LEN));
}

int main(void)
{
	static rlim_t limits[] = { 1, 2, 30, 40 };

	for (int i = 0; i < 4; i++)
		T_CHILD(lowered, &limits[i]);
	return t_done();
}
