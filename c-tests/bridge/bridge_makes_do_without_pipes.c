/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where no descriptor is left, or splice(2) is avoided or not allowed, a buffer is used, and only the mechanism
 * in the result shows it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN 2000001

static void bridged(struct t_side *a, struct t_side *b, uint32_t avoid, int buffered)
{
	struct zs_result results[2];

	errno = 123;
	T_EQ(T_BRIDGE(a, b, results, .avoid = avoid), 0);
	T_EQ(errno, 123);
	for (int i = 0; i < 2; i++) {
		T_EQ(results[i].bytes, LEN);
		T_EQ(results[i].error, 0);
		OK(!buffered || (results[i].via == ZS_VIA_READ_WRITE && results[i].copied == LEN));
	}
	T_EQ(t_side_got(a), LEN);
	T_EQ(t_side_got(b), LEN);
}

static void scarce(void *argument)
{
	struct t_side sides[T_BY_FILES][2];
	struct rlimit limit;
	int next;

	(void)argument;
	for (int kind = 0; kind < T_BY_FILES; kind++)
		for (int i = 0; i < 2; i++) {
			t_side(&sides[kind][i], (enum t_side_kind)kind, i, LEN, 0);
			t_side_start(&sides[kind][i]);
		}
	next = dup(0);
	MUST(next >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)next;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int kind = 0; kind < T_BY_FILES; kind++)
		/* The first one to end frees descriptors for the others. */
		bridged(&sides[kind][0], &sides[kind][1], 0, kind == 0);
}

struct denial {
	long number;
	uint32_t action, avoid;
};

static void denied(void *argument)
{
	const struct denial *denial = argument;
	struct t_side a[T_BY_FILES], b[T_BY_FILES];

	for (int kind = 0; kind < T_BY_FILES; kind++) {
		t_side(&a[kind], (enum t_side_kind)kind, 0, LEN, 0);
		t_side(&b[kind], T_BY_UNIX, 1, LEN, 0);
		t_side_start(&a[kind]);
		t_side_start(&b[kind]);
	}
	t_deny(denial->number, denial->action);
	for (int kind = 0; kind < T_BY_FILES; kind++)
		bridged(&a[kind], &b[kind], denial->avoid, denial->number == SYS_splice);
}

int main(void)
{
	T_CHILD(scarce, NULL);
	T_CHILD(denied, (&(struct denial){ SYS_pipe2, T_FAILS(EMFILE), 0 }));
	T_CHILD(denied, (&(struct denial){ SYS_splice, T_FAILS(EPERM), 0 }));
	T_CHILD(denied, (&(struct denial){ SYS_splice, T_FAILS(ENOSYS), 0 }));
	T_CHILD(denied, (&(struct denial){ SYS_splice, T_KILLED, ZS_VIA_SPLICE }));
	MUST(setenv("ZSPLICE_AVOID", "splice", 1) == 0);
	T_CHILD(denied, (&(struct denial){ SYS_splice, T_KILLED, 0 }));
	return t_done();
}
