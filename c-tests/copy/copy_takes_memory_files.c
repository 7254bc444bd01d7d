/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* memfds, sealed ones too: a sealed input is read as any other; a sealed output is EPERM, from the output,
 * and nothing is lost. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int sealed(int seals)
{
	int fd = memfd_create("t", MFD_ALLOW_SEALING);

	MUST(fd >= 0);
	t_put_pattern(fd, 0, T_PAIR_LEN, 0);
	MUST(fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

int main(void)
{
	struct zs_result result;
	int in = sealed(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), out;

	for (int to = 0; to < T_PLACES; to++) {
		struct t_pair *pair = t_pair(T_AT_FILE, (enum t_place)to);

		T_EQ(zs_copy(in, &(int64_t){ 0 }, pair->out, NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN);
		OK(t_pair_whole(pair));
	}
	for (int from = 0; from < T_PLACES; from++) {
		struct t_pair *pair = t_pair((enum t_place)from, T_AT_FILE);

		out = sealed(F_SEAL_WRITE);
		T_EQ(zs_copy(pair->in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
		T_EQ(errno, EPERM);
		T_EQ(result.bytes, 0);
		T_EQ(result.error, EPERM);
		T_EQ(result.side, ZS_SIDE_OUT);
		OK(result.in_flight == 0 || from != T_AT_FILE);
		OK(t_has_pattern(out, 0, T_PAIR_LEN, 0) && t_size(out) == T_PAIR_LEN);
		OK(t_gives_pattern(pair->in, T_PAIR_LEN - result.in_flight, result.in_flight));
		MUST(close(out) == 0);
		t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
		OK(t_pair_whole(pair));
	}
	/* One that may not grow takes what fits. */
	out = sealed(F_SEAL_GROW);
	in = t_file(T_PAIR_LEN + 5000);
	t_put_pattern(in, 0, T_PAIR_LEN + 5000, 3);
	T_EQ(zs_copy(in, NULL, out, &(int64_t){ 0 }, T_PAIR_LEN, NULL, &result), T_PAIR_LEN);
	OK(t_has_pattern(out, 0, T_PAIR_LEN, 3));
	MUST(lseek(in, 0, SEEK_SET) == 0);
	T_EQ(zs_copy(in, NULL, out, &(int64_t){ T_PAIR_LEN }, 100, NULL, &result), -1);
	T_EQ(errno, EPERM);
	if (T_EQ(result.bytes, 0) && T_EQ(result.side, ZS_SIDE_OUT))
		T_EQ(t_size(out), T_PAIR_LEN);
	return t_done();
}
