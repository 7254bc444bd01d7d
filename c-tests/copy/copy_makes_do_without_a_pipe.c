/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where no pipe can be made, because no descriptor is left or the pipe quota is used up, a copy succeeds
 * without one, and only the mechanism in the result shows it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

/* From now on no descriptor can be opened. */
static void use_up_descriptors(void)
{
	struct rlimit limit;
	int next = dup(0);

	MUST(next >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)next;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	MUST(dup(0) == -1 && errno == EMFILE);
}

static void no_descriptors(void *argument)
{
	struct t_pair *pairs[T_PLACES][T_PLACES];

	(void)argument;
	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++)
			pairs[from][to] = t_pair((enum t_place)from, (enum t_place)to);
	use_up_descriptors();
	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++) {
			struct zs_result result;
			struct t_pair *pair = pairs[from][to];
			int64_t off = 0;

			errno = 123;
			T_EQ(T_COPY(pair->in, from == T_AT_FILE ? &off : NULL, pair->out, NULL, ZS_TO_END,
			     &result, .avoid = ZS_VIA_SENDFILE | ZS_VIA_COPY_RANGE), T_PAIR_LEN);
			T_EQ(errno, 123);
			T_EQ(result.error, 0);
			T_EQ(result.bytes, T_PAIR_LEN);
			OK(t_pair_whole(pair));
		}
}

/* A sparse file with an offset: searched for holes without another descriptor, or not at all. */
static void sparse(void *argument)
{
	int in = t_file(0), out = t_file(0);
	int64_t off = 0;

	(void)argument;
	MUST(ftruncate(in, 1 << 20) == 0);
	t_put_pattern(in, 500000, 1000, 0);
	use_up_descriptors();
	T_EQ(zs_copy(in, &off, out, NULL, ZS_TO_END, NULL, NULL), 1 << 20);
	OK(off == 1 << 20 && t_position(in) == 0 && t_same_bytes(in, out));
}

static void refused_pipes(void *argument)
{
	struct t_pair *pair = t_pair(T_AT_TCP, T_AT_FILE);
	struct zs_result result;

	t_deny(SYS_pipe2, T_FAILS(*(int *)argument));
	T_EQ(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN);
	T_EQ(result.error, 0);
	T_EQ(result.via, ZS_VIA_READ_WRITE);
	OK(t_pair_whole(pair));
}

/* A pipe of two pages can be made, but is slower than none: it is used where nothing else is allowed. */
static void no_quota(void *argument)
{
	struct t_pair *pair = t_pair(T_AT_TCP, T_AT_FILE), *other = t_pair(T_AT_TCP, T_AT_FILE);
	struct zs_result result;

	(void)argument;
	t_spend_pipe_quota();
	T_EQ(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN);
	t_pipe_quota_was_spent();
	if (T_EQ(result.error, 0) && T_EQ(result.via, ZS_VIA_READ_WRITE))
		OK(t_pair_whole(pair));
	T_EQ(T_COPY(other->in, NULL, other->out, NULL, ZS_TO_END, &result, .avoid = ZS_VIA_READ_WRITE),
	     T_PAIR_LEN);
	if (T_EQ(result.error, 0) && T_EQ(result.via, ZS_VIA_SPLICE))
		OK(t_pair_whole(other));
}

int main(void)
{
	T_CHILD(no_descriptors, NULL);
	T_CHILD(sparse, NULL);
	T_CHILD(refused_pipes, &(int){ ENFILE });
	T_CHILD(refused_pipes, &(int){ ENOMEM });
	T_CHILD(refused_pipes, &(int){ EPERM });
	T_CHILD(refused_pipes, &(int){ ENOSYS });
	T_CHILD(no_quota, NULL);
	return t_done();
}
