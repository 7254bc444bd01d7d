/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bulk gets to several outputs by tee(2); never with ZS_STABLE, nor where tee or splice is to be avoided. What
 * has to do without user memory ends properly, or is refused. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 3000001

static void shared(enum t_from from, uint32_t flags, uint32_t avoid, size_t count, int by_tee)
{
	static struct t_fan fan;
	struct t_source source;
	int64_t off = 0;

	t_scene("from %s flags %s avoid %s count %zu", t_from_name(from), t_flag_words(flags),
		t_via_words(avoid), count);
	t_source(&source, from, 0, LEN);
	if (from != T_FROM_FILE)
		MUST(from != T_FROM_PIPE || fcntl(source.fd, F_SETPIPE_SZ, 1 << 20) > 0);
	for (size_t i = 0; i < count; i++)
		t_fan_add(&fan, i == 2 ? T_TO_FILE : T_TO_PIPE, 0, 0);
	T_EQ(T_FANOUT(source.fd, from == T_FROM_FILE ? &off : NULL, &fan, ZS_TO_END, .flags = flags,
	     .avoid = avoid), LEN);
	for (size_t i = 0; i < count; i++) {
		uint32_t via = fan.results[i].via;

		if (!by_tee)
			OK(via == ZS_VIA_READ_WRITE && fan.results[i].copied == LEN);
		else if (avoid & ZS_VIA_READ_WRITE)
			OK(via == (i ? ZS_VIA_SPLICE | ZS_VIA_TEE : ZS_VIA_SPLICE) && fan.results[i].copied == 0);
		else
			T_EQ(via & ~ZS_VIA_READ_WRITE, i ? ZS_VIA_SPLICE | ZS_VIA_TEE : ZS_VIA_SPLICE);
		if (by_tee && from == T_FROM_FILE)
			T_EQ(fan.results[i].copied, 0);
	}
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
}

static void refused(uint32_t flags, uint32_t avoid)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags, .avoid = avoid), -1);
	T_EQ(errno, EOPNOTSUPP);
	for (int i = 0; i < 2; i++)
		OK(T_IS(fan.results[i], .index = (uint32_t)i, .error = EOPNOTSUPP, .side = ZS_SIDE_CALL));
	T_EQ(t_position(source.fd), 0);
	MUST(close(fan.fds[0]) == 0 && close(fan.fds[1]) == 0);
	fan.count = 0;
	t_source_end(&source);
}

/* One output takes nothing from a pipe, and nothing else is allowed. */
static void refused_by_one(uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;
	int64_t returned;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_APPEND, 0, 0);
	returned = T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags, .avoid = ZS_VIA_READ_WRITE);
	T_EQ(returned, flags ? LEN : -1);
	OK(flags || errno == EOPNOTSUPP);
	T_EQ(fan.results[1].error, EOPNOTSUPP);
	T_EQ(fan.results[1].side, ZS_SIDE_CALL);
	T_EQ(fan.results[1].bytes, 0);
	T_EQ(fan.results[0].error, 0);
	T_EQ(fan.results[0].bytes + fan.results[0].in_flight, (uint64_t)t_position(source.fd));
	if (T_EQ(t_fan_got(&fan, 0), fan.results[0].bytes))
		T_EQ(t_fan_got(&fan, 1), 0);
	fan.count = 0;
	t_source_end(&source);
}

static void forbidden(void *argument)
{
	t_deny(SYS_tee, T_KILLED);
	for (int from = 0; from < T_FROMS; from++) {
		shared((enum t_from)from, ZS_STABLE, 0, 3, 0);
		shared((enum t_from)from, 0, ZS_VIA_TEE, 3, 0);
		shared((enum t_from)from, 0, ZS_VIA_SPLICE, 3, 0);
		shared((enum t_from)from, ZS_STABLE, 0, 1, 0);
	}
	shared(T_FROM_FILE, 0, ZS_VIA_TEE, 1, 1);
	(void)argument;
}

/* What a sandbox refuses is done without. */
static void denied(void *argument)
{
	t_deny(*(int *)argument, T_FAILS(EPERM));
	for (int from = 0; from < T_FROMS; from++) {
		static struct t_fan fan;
		struct t_source source;

		t_source(&source, (enum t_from)from, 0, LEN);
		for (int i = 0; i < 3; i++)
			t_fan_add(&fan, i == 2 ? T_TO_FILE : T_TO_PIPE, 0, 0);
		errno = 123;
		T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), LEN);
		T_EQ(errno, 123);
		T_EQ(fan.results[1].via, ZS_VIA_READ_WRITE);
		OK(t_fan_whole(&fan, LEN));
		t_source_end(&source);
	}
}

int main(void)
{
	for (int from = 0; from < T_FROMS; from++) {
		for (size_t count = 1; from == T_FROM_FILE && count < 4; count++)
			shared(T_FROM_FILE, 0, 0, count, 1);
		for (size_t count = 1; count < 4; count++)
			shared((enum t_from)from, 0, ZS_VIA_READ_WRITE, count, 1);
	}
	refused(ZS_STABLE, ZS_VIA_READ_WRITE);
	refused(0, T_ALL_VIA);
	refused(0, ZS_VIA_READ_WRITE | ZS_VIA_TEE);
	refused(0, ZS_VIA_READ_WRITE | ZS_VIA_SPLICE);
	refused_by_one(0);
	refused_by_one(ZS_DROP_FAILED);
	T_CHILD(forbidden, NULL);
	T_CHILD(denied, &(int){ SYS_tee });
	T_CHILD(denied, &(int){ SYS_splice });
	return t_done();
}
