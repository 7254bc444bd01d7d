/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A descriptor of no kind that the library knows, with whole records of eight bytes that splice(2) does not move, is
 * an input and an output like any other. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include <sys/eventfd.h>

int main(void)
{
	const struct zs_options options = { .timeout_ns = T_MS(300) };
	int from = eventfd(5, EFD_CLOEXEC), to = eventfd(0, EFD_CLOEXEC), peer[2];
	struct zs_result results[2];
	uint64_t record = 7, got;

	MUST(from >= 0 && to >= 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, peer) == 0);
	t_write(peer[1], &record, sizeof record);
	/* An eventfd never ends. */
	T_EQ(zs_bridge(from, to, peer[0], peer[0], &options, results), -1);
	T_EQ(errno, ETIMEDOUT);
	for (int i = 0; i < 2; i++) {
		T_EQ(results[i].bytes, sizeof record);
		T_EQ(results[i].in_flight, 0);
	}
	T_EQ(t_read(peer[1], &got, sizeof got), sizeof got);
	T_EQ(got, 5);
	T_EQ(read(to, &got, sizeof got), sizeof got);
	T_EQ(got, 7);
	return t_done();
}
