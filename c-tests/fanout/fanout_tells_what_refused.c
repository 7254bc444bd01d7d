/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each output of a fan-out has its own mechanisms that refused; what the input refuses, or tee(2) for all, is in every
 * result. The progress function learns from the index which output it is called for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 300001
#define SPLICE ZS_VIA_SPLICE
#define TEE ZS_VIA_TEE
#define BUFFER ZS_VIA_READ_WRITE

static struct t_fan fan;
static uint64_t told[64];

/* Every call reports one output that is there, and has more bytes than before. */
static int tells(void *context, const struct zs_result *so_far)
{
	(void)context;
	if (!OK(so_far->index < fan.count))
		return 1;
	OK(so_far->bytes > told[so_far->index]);
	told[so_far->index] = so_far->bytes;
	return 0;
}

/* Copies from a file to the outputs. */
static void copies(uint32_t flags, uint32_t avoid)
{
	struct t_source source;

	memset(told, 0, sizeof told);
	t_source(&source, T_FROM_FILE, 0, LEN);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags, .avoid = avoid, .progress = tells), LEN);
	for (uint32_t i = 0; i < fan.count; i++) {
		T_EQ(fan.results[i].index, i);
		T_EQ(told[i], LEN);
	}
}

static void is(size_t i, uint32_t refused, int refusal)
{
	T_EQ(fan.results[i].refused, refused);
	T_EQ(fan.results[i].refusal, refusal);
}

static void ends(void)
{
	OK(t_fan_whole(&fan, LEN));
}

static void four_kinds(void)
{
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_TCP, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
}

static void nothing_refuses(void)
{
	t_scene("nothing refuses");
	four_kinds();
	copies(0, 0);
	for (size_t i = 0; i < 4; i++)
		is(i, 0, 0);
	ends();
}

/* It does not append; the others go on without it. */
static void one_refuses(void)
{
	t_scene("one appends");
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_APPEND, 0, 0);
	t_fan_add(&fan, T_TO_TCP, 0, 0);
	copies(0, 0);
	is(0, 0, 0);
	is(1, SPLICE, EINVAL);
	is(2, 0, 0);
	T_EQ(fan.results[1].via, BUFFER);
	ends();
	t_scene("one appends, and splice is avoided");
	t_fan_add(&fan, T_TO_APPEND, 0, 0);
	copies(0, SPLICE);
	is(0, 0, 0);
	ends();
	t_scene("one appends, ZS_STABLE");
	t_fan_add(&fan, T_TO_APPEND, 0, 0);
	copies(ZS_STABLE, 0);
	is(0, 0, 0);
	ends();
}

/* With nothing else to do it with. */
static void only_splice(void)
{
	struct t_source source;

	t_scene("one appends, and read and write are avoided");
	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_APPEND, 0, 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = BUFFER), -1);
	T_EQ(errno, EOPNOTSUPP);
	OK(T_IS(fan.results[0], .in_flight = fan.results[0].in_flight, .error = EOPNOTSUPP, .side = ZS_SIDE_CALL,
		.refused = SPLICE, .refusal = EINVAL));
	MUST(close(fan.fds[0]) == 0);
	fan.count = 0;
	t_source_end(&source);
}

static void input_refuses(void *unused)
{
	(void)unused;
	t_scene("splice is denied");
	four_kinds();
	t_deny(SYS_splice, T_FAILS(EPERM));
	copies(0, 0);
	for (size_t i = 0; i < 4; i++) {
		is(i, SPLICE, EPERM);
		T_EQ(fan.results[i].via, BUFFER);
	}
	ends();
}

static void tee_refuses(void *unused)
{
	(void)unused;
	t_scene("tee is denied");
	four_kinds();
	t_deny(SYS_tee, T_FAILS(ENOSYS));
	copies(0, 0);
	for (size_t i = 0; i < 4; i++)
		is(i, TEE, ENOSYS);
	ends();
}

/* To pipes alone no pipe of our own is needed, and the first is spliced to. */
static void tee_refuses_pipes(void *unused)
{
	(void)unused;
	t_scene("tee is denied, to pipes");
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_deny(SYS_tee, T_FAILS(EPERM));
	copies(0, 0);
	T_EQ(fan.results[1].refused, TEE);
	T_EQ(fan.results[1].refusal, EPERM);
	T_EQ(fan.results[1].via, BUFFER);
	ends();
}

static void without_pipes(void *unused)
{
	(void)unused;
	t_scene("without descriptors for pipes");
	four_kinds();
	t_limit_descriptors(1);
	copies(0, 0);
	for (size_t i = 0; i < 4; i++) {
		is(i, 0, 0);
		T_EQ(fan.results[i].via, BUFFER);
	}
	ends();
}

int main(void)
{
	nothing_refuses();
	one_refuses();
	only_splice();
	T_CHILD(input_refuses, NULL);
	T_CHILD(tee_refuses, NULL);
	T_CHILD(tee_refuses_pipes, NULL);
	T_CHILD(without_pipes, NULL);
	return t_done();
}
