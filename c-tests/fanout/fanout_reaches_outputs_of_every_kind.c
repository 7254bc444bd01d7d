/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every byte of an input of any kind gets to every output, whatever their kinds, blocking or not; the offset,
 * or the position, has moved on by as many, and errno is what it was. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void fan_out(enum t_from from, int with_offset, int nonblock, size_t len, const enum t_out *to, size_t count)
{
	static struct t_fan fan;
	struct t_source source;
	int64_t off = 0, returned;
	int good;

	t_source(&source, from, nonblock, len);
	for (size_t i = 0; i < count; i++)
		t_fan_add(&fan, to[i], nonblock, 0);
	errno = 123;
	returned = T_FANOUT(source.fd, with_offset ? &off : NULL, &fan, ZS_TO_END, 0);
	good = T_EQ(returned, (int64_t)len) & T_EQ(errno, 123);
	if (with_offset)
		good &= OK(off == (int64_t)len && t_position(source.fd) == 0);
	else if (from == T_FROM_FILE)
		good &= T_EQ(t_position(source.fd), (int64_t)len);
	good &= OK(t_fan_whole(&fan, len));
	if (!good)
		fprintf(stderr, "... from %s offset %d nonblock %d len %zu: %lld\n", t_from_name(from),
			with_offset, nonblock, len, (long long)returned);
	t_source_end(&source);
}

int main(void)
{
	static const enum t_out mixed[3] = { T_TO_PIPE, T_TO_APPEND, T_TO_APPEND };
	/* The last: a single byte is left after the pieces that are moved at a time, whatever pipe they fit in. */
	static const size_t lens[] = { 0, 1, 5000, 300000, (1 << 20) + 1 };
	enum t_out all[T_OUTS];

	for (int i = 0; i < T_OUTS; i++)
		all[i] = (enum t_out)i;
	for (int from = 0; from <= T_FROMS; from++) /* the last: a file, with an offset */
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			enum t_from kind = from == T_FROMS ? T_FROM_FILE : (enum t_from)from;

			for (int i = 0; i < 4; i++)
				fan_out(kind, from == T_FROMS, nonblock, lens[i], all, T_OUTS);
			fan_out(kind, from == T_FROMS, nonblock, lens[4], mixed, 3);
			for (int to = 0; to < T_OUTS; to++) {
				enum t_out alike[3] = { (enum t_out)to, (enum t_out)to, (enum t_out)to };

				if (to == T_TO_PTY)
					continue;
				fan_out(kind, from == T_FROMS, nonblock, lens[4], alike, 1);
				fan_out(kind, from == T_FROMS, nonblock, lens[4], alike, 3);
			}
		}
	return t_done();
}
