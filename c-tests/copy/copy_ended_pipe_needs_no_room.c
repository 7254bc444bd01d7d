/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From an input pipe that has ended there is nothing to copy: the copy is done, although the output is full and
 * stays full. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void ended(enum t_stream to, int nonblock, struct zs_options options)
{
	struct zs_result result = t_unwritten();
	int in[2], out[2];

	MUST(pipe(in) == 0 && close(in[1]) == 0);
	t_stream(to, out);
	(void)t_fill_stream(to, out);
	t_nonblock(out[1], nonblock);
	errno = 123;
	if (!OK(zs_copy(in[0], NULL, out[1], NULL, ZS_TO_END, &options, &result) == 0 && errno == 123))
		fprintf(stderr, "... to %s nonblock %d timeout %lld\n", t_stream_name(to), nonblock,
			(long long)options.timeout_ns);
	OK(T_IS(result, .bytes = 0));
	MUST(close(in[0]) == 0);
	t_close2(out);
}

int main(void)
{
	for (int to = T_A_PIPE; to <= T_A_TCP; to++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			ended((enum t_stream)to, nonblock, (struct zs_options){ .timeout_ns = T_MS(5000) });
			if (t_failures == 0)
				ended((enum t_stream)to, nonblock, (struct zs_options){ 0 });
		}
	return t_done();
}
