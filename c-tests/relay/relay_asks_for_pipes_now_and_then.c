/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where no pipes can be made, a relay that moves bulk uses a buffer, and does not try to make a pipe for every
 * piece. It soon notices when pipes can be made again. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_intercept.h"

#define BULK (4 << 20)

static int made, denied, error;

static int64_t counts(const uint64_t *args, int earlier)
{
	(void)args;
	(void)earlier;
	__atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&denied, __ATOMIC_SEQ_CST) && error ? -error : T_CONTINUE;
}

/* Moves up to `most` bytes in bulk, and stops once a mechanism of `spliced` was used. Returns how many moved. */
static size_t moves(struct t_relay *it, size_t most, uint32_t spliced)
{
	size_t pushed = (size_t)t_relay_result(it->relay).bytes, got = pushed, first = pushed;

	while (got < first + most && !(t_relay_result(it->relay).via & spliced)) {
		pushed += t_push(it->in, 200000, pushed);
		if (!OK(t_relay_run(it->relay, 0) > 0))
			break;
		got += t_pull(it->out, SIZE_MAX, got);
	}
	while (got < pushed && OK(t_relay_run(it->relay, 0) >= 0))
		got += t_pull(it->out, SIZE_MAX, got);
	return got - first;
}

static void scarce(void *argument)
{
	int with_pool = *(int *)argument;
	zs_pool *pool = with_pool ? zs_pool_new(4, 0) : NULL;
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, 0);
	struct rlimit limit, none;
	int next;

	t_intercept(SYS_pipe2, counts);
	MUST((next = dup(0)) >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = (struct rlimit){ (rlim_t)next, limit.rlim_max };
	denied = 1;
	MUST(error || setrlimit(RLIMIT_NOFILE, &none) == 0);
	OK(moves(&it, BULK, 0) >= BULK && t_relay_result(it.relay).via == ZS_VIA_READ_WRITE);
	/* That was at least 256 times 16 KiB. */
	if (!OK(made > 0 && made <= 12))
		fprintf(stderr, "... %d tries, pool %d error %s\n", made, with_pool, t_errno_name(error));
	__atomic_store_n(&denied, 0, __ATOMIC_SEQ_CST);
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	OK(moves(&it, BULK, ZS_VIA_SPLICE) < BULK);
	T_EQ(t_relay_result(it.relay).via, ZS_VIA_READ_WRITE | ZS_VIA_SPLICE);
	/* With a pipe it makes no more of them. */
	made = 0;
	OK(moves(&it, BULK, 0) >= BULK);
	T_EQ(made, 0);
	t_relay_close(&it);
	zs_pool_free(pool);
}

int main(void)
{
	static const int errors[] = { 0, EMFILE, ENFILE };

	for (int i = 0; i < 3; i++)
		for (int with_pool = 0; with_pool < 2; with_pool++) {
			error = errors[i];
			T_CHILD(scarce, &with_pool);
		}
	return t_done();
}
