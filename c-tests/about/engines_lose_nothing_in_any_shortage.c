/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each allocation and each pipe that a function asks for is refused in turn, the n-th alone and all from the n-th on,
 * and so is the size of each pipe: what has arrived, what is in flight and what is left in the input are all there is,
 * in order. A result that failed says so, no memory and no descriptor is left, and what a loop of read and write can
 * do succeeds. */
/* ways: archive */
/* wraps: syscall fcntl ioctl lseek fstat fstatfs tcgetattr malloc calloc free */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_wrapped.h"

#define LEN ((uint64_t)200000)
/* Bytes that a relay is fed: they precede those of its input. */
#define FED ((uint64_t)30000)

/* The second is what the inputs have: with the hole of a sparse file. */
static unsigned char whole[LEN + FED], pattern[LEN + FED];

/* ---- Flows: an input with a peer that writes, an output with a peer that reads ---- */

enum kind { A_FILE, A_SPARSE, A_PIPE, A_UNIX, A_TCP, KINDS };
static const char *const kinds[] = { "file", "sparse file", "pipe", "AF_UNIX socket", "TCP socket" };

struct end {
	enum kind kind;
	int fd, far;
	uint64_t base, done, len; /* bytes base to base + done of the pattern have gone in or come out; in all there are len */
	int is_over;
};

#define ENDS 8
static struct end inputs[ENDS], outputs[ENDS];
static int input_count, output_count;

static int is_file(const struct end *end)
{
	return end->kind <= A_SPARSE;
}

static void open_streams(enum kind kind, int *reads, int *writes)
{
	int fds[2];

	t_stream(kind == A_PIPE ? T_A_PIPE : kind == A_UNIX ? T_A_UNIX : T_A_TCP, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	*reads = fds[0];
	*writes = fds[1];
}

static int open_file(enum kind kind, unsigned char *bytes, uint64_t len)
{
	int fd = t_file(0);

	MUST(ftruncate(fd, (off_t)len) == 0);
	if (kind == A_SPARSE && len > 100000) {
		memset(bytes + 10000, 0, 80000);
		MUST(pwrite(fd, bytes, 10000, 0) == 10000);
		MUST(pwrite(fd, bytes + 90000, len - 90000, 90000) == (ssize_t)(len - 90000));
	} else {
		MUST(pwrite(fd, bytes, len, 0) == (ssize_t)len);
	}
	return fd;
}

static struct end *open_input(enum kind kind, uint64_t len, uint64_t base)
{
	struct end *end = &inputs[input_count++];

	*end = (struct end){ .kind = kind, .far = -1, .len = len, .base = base };
	memcpy(pattern, whole, sizeof pattern);
	if (is_file(end))
		end->fd = open_file(kind, pattern + base, len);
	else
		open_streams(kind, &end->fd, &end->far);
	return end;
}

static struct end *open_output(enum kind kind)
{
	struct end *end = &outputs[output_count++];

	*end = (struct end){ .kind = kind, .far = -1 };
	if (is_file(end))
		end->fd = t_file(0);
	else
		open_streams(kind, &end->far, &end->fd);
	return end;
}

/* A socket that is an input and an output. */
static void open_both(enum kind kind, uint64_t len, uint64_t base)
{
	struct end *in = open_input(kind, len, base), *out = &outputs[output_count++];

	*out = (struct end){ .kind = kind, .fd = in->fd, .far = in->far };
}

/* The peer writes a piece, or ends the input. */
static int gives(struct end *in)
{
	uint64_t left = in->len - in->done;
	ssize_t n;

	if (in->far < 0 || in->is_over)
		return 0;
	if (left == 0) {
		in->is_over = 1;
		if (in->kind != A_PIPE)
			MUST(shutdown(in->far, SHUT_WR) == 0);
		else
			MUST(close(in->far) == 0);
		return 1;
	}
	n = write(in->far, pattern + in->base + in->done, left < 50000 ? left : 50000);
	in->done += n > 0 ? (uint64_t)n : 0;
	return n > 0;
}

/* The peer reads a piece. */
static int takes(struct end *out)
{
	static unsigned char got[30000];
	ssize_t n;

	if (out->far < 0 || out->is_over)
		return 0;
	n = read(out->far, got, sizeof got);
	if (n > 0) {
		OK((uint64_t)n + out->base + out->done <= sizeof pattern &&
		   memcmp(got, pattern + out->base + out->done, (size_t)n) == 0);
		out->done += (uint64_t)n;
	}
	out->is_over = n == 0;
	return n > 0;
}

static int peers_act(void)
{
	int acted = 0;

	for (int i = 0; i < input_count; i++)
		acted |= gives(&inputs[i]);
	for (int i = 0; i < output_count; i++)
		acted |= takes(&outputs[i]);
	return acted;
}

/* ---- Where the bytes are ---- */

static void close_output(struct end *out)
{
	if (out->kind != A_PIPE) {
		(void)shutdown(out->fd, SHUT_WR);
		return;
	}
	MUST(close(out->fd) == 0);
	out->fd = -1;
}

/* So many bytes arrived, and no other. */
static void judge_output(struct end *out, uint64_t bytes)
{
	static unsigned char got[LEN + FED + 1];

	if (is_file(out)) {
		T_EQ(t_size(out->fd), (int64_t)bytes);
		OK(pread(out->fd, got, sizeof got, 0) == (ssize_t)bytes && memcmp(got, pattern + out->base, bytes) == 0);
		return;
	}
	close_output(out);
	while (!out->is_over)
		if (!takes(out) && !out->is_over)
			MUST(poll(&(struct pollfd){ .fd = out->far, .events = POLLIN }, 1, 5000) == 1);
	T_EQ(out->done, bytes);
}

/* What was not taken is still there. */
static void judge_input(struct end *in, uint64_t taken)
{
	static unsigned char left[LEN + 1];
	size_t len = 0;

	if (is_file(in)) {
		T_EQ(t_position(in->fd), (int64_t)taken);
		return;
	}
	in->len = in->done;
	(void)gives(in);
	if (OK(taken <= in->done)) {
		len = t_read(in->fd, left, sizeof left);
		T_EQ(taken + len, in->done);
		OK(memcmp(left, pattern + in->base + taken, len) == 0);
	}
}

static void close_all(void)
{
	for (int i = 0; i < input_count; i++) {
		MUST(close(inputs[i].fd) == 0);
		if (inputs[i].far >= 0 && !(inputs[i].kind == A_PIPE && inputs[i].is_over))
			MUST(close(inputs[i].far) == 0);
	}
	/* What is both is closed already. */
	for (int i = 0; i < output_count; i++) {
		(void)close(outputs[i].fd);
		(void)close(outputs[i].far);
	}
	input_count = output_count = 0;
}

/* ---- What a call returned ---- */

/* A failure is one of the refusals, told as the library's own, or that nothing is left which is not to be avoided. */
static void judge_error(const struct zs_result *result, int error, uint32_t avoid)
{
	int is_own = error == t_lib.shortage.error || (error == ENOMEM && t_lib.shortage.of & T_MEMORY);

	OK(t_lib.refused > 0 && (is_own || (avoid && error == EOPNOTSUPP)));
	T_EQ(result->error, error);
	T_EQ(result->side, ZS_SIDE_CALL);
}

/* errno is that of a success, or the result has it. */
static void judge_result(const struct zs_result *result, int is_failure, int error, uint32_t avoid)
{
	if (is_failure) {
		judge_error(result, error, avoid);
		return;
	}
	T_EQ(error, 0x5a5a);
	T_EQ(result->error, 0);
	T_EQ(result->in_flight, 0);
}

static void judge_end(void)
{
	T_EQ(t_lib.blocks, 0);
	T_EQ(t_lib.descriptors, 0);
	close_all();
}

/* ---- Scenes ---- */

struct scene {
	void (*play)(const struct scene *);
	const char *name;
	enum kind from, to;
	uint64_t len;
	struct zs_options options;
	int variant;
};

/* Whether there is nothing to do without: neither a mechanism of the kernel nor a buffer of 4 KiB. */
static int may_lack(const struct zs_options *options)
{
	uint32_t flags = options->flags & (ZS_STABLE | ZS_FILL_HOLES);

	if (options->avoid & ZS_VIA_READ_WRITE)
		return 1;
	return !t_lib.shortage.alone && t_lib.shortage.of & T_MEMORY && (t_lib.shortage.of != T_MEMORY || options->avoid || flags);
}

static void plays_copy(const struct scene *it)
{
	const struct zs_options *options = &it->options;
	struct end *in = open_input(it->from, it->len, 0), *out = open_output(it->to);
	struct zs_result result = t_unwritten();
	int64_t returned = T_LIB(zs_copy(in->fd, NULL, out->fd, NULL, ZS_TO_END, options, &result));
	int error = errno;

	judge_result(&result, returned < 0, error, options->avoid);
	if (!may_lack(options))
		T_EQ(returned, (int64_t)it->len);
	OK(returned < 0 || result.bytes == (uint64_t)returned);
	judge_output(out, result.bytes);
	judge_input(in, result.bytes + (is_file(in) ? 0 : result.in_flight));
	judge_end();
}

#define PLAYS_FULL(name, call) \
	static void name(const struct scene *it) \
	{ \
		struct end *in = open_input(it->from, it->len, 0), *out = open_output(it->to); \
		struct zs_result result = t_unwritten(); \
		int64_t returned = T_LIB(call); \
		\
		judge_result(&result, returned < 0, errno, 0); \
		T_EQ(returned, (int64_t)it->len); \
		T_EQ(t_lib.asked, 0); \
		judge_output(out, it->len); \
		judge_input(in, it->len); \
		judge_end(); \
	}

PLAYS_FULL(plays_splice_full, zs_splice_full(in->fd, NULL, out->fd, NULL, ZS_TO_END, 0, &result))
PLAYS_FULL(plays_sendfile_full, zs_sendfile_full(out->fd, in->fd, NULL, ZS_TO_END, 0, &result))
PLAYS_FULL(plays_copy_range_full, zs_copy_range_full(in->fd, NULL, out->fd, NULL, ZS_TO_END, 0, &result))

/* With too little memory for the list of outputs nothing begins. */
static void plays_fanout(const struct scene *it)
{
	struct end *in = open_input(it->from, it->len, 0), *out[3];
	struct zs_result results[3] = { t_unwritten(), t_unwritten(), t_unwritten() };
	int fds[3], count = it->variant, error;
	int64_t returned;

	for (int i = 0; i < count; i++)
		fds[i] = (out[i] = open_output((it->to + (enum kind)i) % KINDS))->fd;
	returned = T_LIB(zs_fanout(in->fd, NULL, fds, (size_t)count, ZS_TO_END, &it->options, results));
	error = errno;
	for (int i = 0; i < count; i++) {
		judge_result(&results[i], returned < 0, error, it->options.avoid);
		T_EQ(results[i].bytes + results[i].in_flight, results[0].bytes + results[0].in_flight);
		OK(returned < 0 || results[i].bytes == it->len);
		judge_output(out[i], results[i].bytes);
	}
	if (returned < 0 && t_lib.shortage.alone)
		T_EQ(results[0].bytes + results[0].in_flight, 0);
	judge_input(in, results[0].bytes + results[0].in_flight);
	judge_end();
}

/* What was taken and not delivered is handed back. */
static void judge_taken(zs_relay *relay, const struct zs_result *result, uint64_t base)
{
	static unsigned char held[LEN + FED + 1];
	ssize_t taken = T_LIB(zs_relay_take(relay, held, sizeof held));

	T_EQ(taken, (int64_t)result->in_flight);
	if (taken > 0)
		OK(memcmp(held, pattern + base + result->bytes, (size_t)taken) == 0);
	T_EQ(T_LIB(zs_relay_take(relay, held, sizeof held)), 0);
}

/* With no memory for a buffer the relay has failed for good. */
static void drive_relay(zs_relay *relay, const struct scene *it, uint64_t fed, uint64_t base)
{
	struct zs_result result = t_unwritten();
	int wants, error, turns = 0;

	do {
		wants = T_LIB(zs_relay_run(relay, 0));
		error = errno;
		(void)peers_act();
	} while (wants > 0 && OK(++turns < 10000));
	T_LIB((zs_relay_result(relay, &result), 0));
	judge_result(&result, wants < 0, error, 0);
	OK(wants == 0 || !t_lib.shortage.alone);
	if (wants < 0) {
		T_EQ(T_LIB(zs_relay_run(relay, 0)), -1);
		T_EQ(errno, error);
	} else {
		T_EQ(result.bytes, it->len + fed);
	}
	judge_output(&outputs[0], result.bytes);
	judge_taken(relay, &result, base);
	judge_input(&inputs[0], result.bytes + result.in_flight - fed);
}

/* What was fed: all of it or, without memory, nothing. */
static uint64_t fed_of(int returned, struct end *out)
{
	OK(returned == 0 || (returned == -1 && errno == ENOMEM && t_lib.refused));
	out->base = returned == 0 ? 0 : FED;
	return returned == 0 ? FED : 0;
}

static void feed_relay(zs_relay *relay, const struct scene *it)
{
	uint64_t fed = 0;

	if (it->variant & 1)
		fed = fed_of(T_LIB(zs_relay_feed(relay, pattern, FED)), &outputs[0]);
	drive_relay(relay, it, fed, outputs[0].base);
}

/* Freed with bytes in flight, since the output is full: what it holds goes with it. */
static void abandon_relay(zs_relay *relay)
{
	while (!is_file(&outputs[0]) && write(outputs[0].fd, pattern, T_PAGE) > 0)
		;
	for (int turns = 0; turns < 4; turns++) {
		OK(T_LIB(zs_relay_run(relay, 0)) >= 0 || (errno == ENOMEM && t_lib.refused));
		(void)gives(&inputs[0]);
	}
}

static void plays_relay(const struct scene *it)
{
	struct end *in = open_input(it->from, it->len, it->variant & 1 ? FED : 0), *out = open_output(it->to);
	zs_pool *pool = NULL;
	zs_relay *relay = NULL;

	if (it->variant & 2) {
		pool = T_LIB(zs_pool_new(2, 0));
		OK(pool || (errno == ENOMEM && t_lib.refused));
	}
	if (pool && it->variant & 4)
		T_LIB((zs_pool_limit(pool, 1), 0));
	if (pool || !(it->variant & 2)) {
		relay = T_LIB(zs_relay_new(in->fd, out->fd, ZS_TO_END, pool, it->options.flags));
		OK(relay || (errno == ENOMEM && t_lib.refused));
	}
	if (relay && it->variant & 8)
		abandon_relay(relay);
	else if (relay)
		feed_relay(relay, it);
	T_LIB((zs_relay_free(relay), 0));
	T_LIB((zs_pool_free(pool), 0));
	judge_end();
}

/* Both directions between two sockets: side 0 is a, and what comes from it goes to side 1. */
static void judge_both(struct zs_result *results, const uint64_t *fed, int status, int error, uint64_t len)
{
	for (int i = 0; i < 2; i++) {
		uint64_t taken = results[i].bytes + results[i].in_flight;

		OK(status >= 0 || results[i].error == 0 || (results[i].error == error && results[i].side == ZS_SIDE_CALL));
		OK(results[i].error ? t_lib.refused > 0 && error == ENOMEM : results[i].bytes == len + fed[i]);
		judge_output(&outputs[!i], results[i].bytes);
		if (OK(taken >= fed[i]))
			judge_input(&inputs[i], taken - fed[i]);
	}
	OK(status >= 0 ? error == 0x5a5a : results[0].error == error || results[1].error == error);
}

static void plays_bridge(const struct scene *it)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int status;

	open_both(it->from, it->len, 0);
	open_both(it->to, it->len, 0);
	status = T_LIB(zs_bridge(inputs[0].fd, inputs[0].fd, inputs[1].fd, inputs[1].fd, &it->options, results));
	judge_both(results, (uint64_t[2]){ 0 }, status, errno, it->len);
	judge_end();
}

static void drive_duplex(zs_duplex *duplex, const struct scene *it)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	uint64_t fed[2] = { 0, 0 };
	int status, error, turns = 0;

	for (int side = 0; side < 2 && it->variant & 1; side++)
		fed[side] = fed_of(T_LIB(zs_duplex_feed(duplex, side, pattern, FED)), &outputs[!side]);
	do {
		status = T_LIB(zs_duplex_run(duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0));
		error = errno;
		(void)peers_act();
	} while (status > 0 && OK(++turns < 10000));
	T_LIB((zs_duplex_result(duplex, results), 0));
	judge_both(results, fed, status, error, it->len);
}

static void plays_duplex(const struct scene *it)
{
	zs_pool *pool = it->variant & 2 ? T_LIB(zs_pool_new(1, 0)) : NULL;
	zs_duplex *duplex;

	OK(pool || !(it->variant & 2) || t_lib.refused);
	open_both(it->from, it->len, it->variant & 1 ? FED : 0);
	open_both(it->to, it->len, it->variant & 1 ? FED : 0);
	duplex = T_LIB(zs_duplex_new(inputs[0].fd, inputs[1].fd, pool, it->options.flags));
	OK(duplex || (errno == ENOMEM && t_lib.refused));
	if (duplex)
		drive_duplex(duplex, it);
	T_LIB((zs_duplex_free(duplex), 0));
	T_LIB((zs_pool_free(pool), 0));
	judge_end();
}

/* ---- Every shortage ---- */

static int plays;

static void play(const struct scene *it, const struct t_shortage *shortage)
{
	t_scene("%s from %s to %s, %llu bytes, avoid %s, flags %s, variant %d; of %u, %s %d: %s", it->name, kinds[it->from],
		kinds[it->to], (unsigned long long)it->len, t_via_words(it->options.avoid), t_flag_words(it->options.flags),
		it->variant, shortage->of, shortage->alone ? "number" : "all from", shortage->from,
		t_errno_name(shortage->error));
	t_lib_begin(shortage);
	it->play(it);
	plays++;
}

/* The n-th alone, and all from the n-th on, until there is no n-th. */
static void each(const struct scene *it, struct t_shortage shortage)
{
	for (shortage.alone = 0; shortage.alone < 2; shortage.alone++) {
		shortage.from = 1;
		do
			play(it, &shortage);
		while (t_lib.refused && OK(++shortage.from < 200));
	}
}

static void every_shortage(const struct scene *it)
{
	static const struct t_shortage shortages[] = {
		{ .of = T_MEMORY, .error = ENOMEM },
		{ .of = T_PIPES, .error = EMFILE },
		{ .of = T_MEMORY | T_PIPES, .error = ENFILE },
		{ .of = T_PIPE_SIZES, .error = EPERM },
		{ .of = T_PIPE_SIZES, .error = EPERM, .small = 1 },
		{ .of = T_MEMORY | T_PIPE_SIZES, .error = EPERM, .small = 1 },
	};

	for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++)
		each(it, shortages[i]);
}

static void each_length(struct scene it)
{
	for (int i = 0; i < 2; i++) {
		it.len = i ? LEN : 100;
		every_shortage(&it);
	}
}

#define ALL_BUT(via) ((uint32_t)(T_ALL_VIA & ~(via)))

static void copies(enum kind from, enum kind to)
{
	static const struct zs_options ways[] = {
		{ 0 },
		{ .flags = ZS_STABLE },
		{ .flags = ZS_FILL_HOLES | ZS_GROW_PIPE, .timeout_ns = T_MS(10000) },
		{ .avoid = ALL_BUT(ZS_VIA_READ_WRITE) },
		{ .avoid = ALL_BUT(ZS_VIA_READ_WRITE | ZS_VIA_SPLICE) },
		{ .avoid = ALL_BUT(ZS_VIA_SPLICE) },
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		each_length((struct scene){ plays_copy, "zs_copy", from, to, 0, ways[i], 0 });
}

static void fanouts(enum kind from, enum kind to)
{
	for (int count = 1; count <= 3; count += 2) {
		each_length((struct scene){ plays_fanout, "zs_fanout", from, to, 0, { 0 }, count });
		each_length((struct scene){ plays_fanout, "zs_fanout", from, to, 0, { .avoid = ZS_VIA_TEE }, count });
	}
}

static void relays(enum kind from, enum kind to)
{
	/* Fed; with a pool; with a limit; freed early. */
	static const int variants[] = { 0, 1, 2, 3, 7, 10 };

	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
		each_length((struct scene){ plays_relay, "zs_relay", from, to, 0, { 0 }, variants[i] });
	each_length((struct scene){ plays_relay, "zs_relay", from, to, 0, { .flags = ZS_STABLE }, 1 });
}

static void pairs(enum kind from, enum kind to)
{
	for (int variant = 0; variant < 4; variant++)
		each_length((struct scene){ plays_duplex, "zs_duplex", from, to, 0, { 0 }, variant });
	each_length((struct scene){ plays_bridge, "zs_bridge", from, to, 0, { 0 }, 0 });
}

static void fulls(void)
{
	each_length((struct scene){ plays_splice_full, "zs_splice_full", A_FILE, A_PIPE, 0, { 0 }, 0 });
	each_length((struct scene){ plays_splice_full, "zs_splice_full", A_PIPE, A_TCP, 0, { 0 }, 0 });
	each_length((struct scene){ plays_sendfile_full, "zs_sendfile_full", A_FILE, A_UNIX, 0, { 0 }, 0 });
	each_length((struct scene){ plays_copy_range_full, "zs_copy_range_full", A_FILE, A_FILE, 0, { 0 }, 0 });
}

int main(void)
{
	t_lib.waits = peers_act;
	t_pattern(whole, sizeof whole, 0);
	for (enum kind from = 0; from < KINDS; from++)
		for (enum kind to = 0; to < KINDS; to++) {
			if (to == A_SPARSE)
				continue;
			copies(from, to);
			fanouts(from, to);
			relays(from, to);
			if (from >= A_UNIX && to >= A_UNIX)
				pairs(from, to);
		}
	fulls();
	printf("%d plays\n", plays);
	return t_done();
}
