/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lengths, offsets and positions around 2^31, 2^32, 2^63 and 2^64, in every function that takes them: each input has
 * ten bytes there and ends, so a model knows what arrives, where, and what both offsets are afterwards. Time limits,
 * rates, budgets and sizes of that size end, slow or break nothing. */
/* ways: shared static */
#include <zsplice.h>
#include "t.h"
#include "t_memory.h"
#include "t_result.h"
#include "t_copy.h"

#define HAS 10
#define TWO(n) ((int64_t)1 << (n))

static const int64_t offsets[] = {
	0, 1, TWO(31) - 11, TWO(31) - 5, TWO(31) - 1, TWO(31), TWO(32) - 5, TWO(32) - 1, TWO(32), TWO(32) + 1,
	INT64_MAX - 20, INT64_MAX - 10, INT64_MAX - 5, INT64_MAX - 1, INT64_MAX, -1, -TWO(31), -TWO(32), INT64_MIN,
};

static const uint64_t lens[] = {
	0, 1, 9, 10, 11, TWO(31) - 1, TWO(31), TWO(32) - 1, TWO(32), TWO(32) + 1, INT64_MAX - 1, INT64_MAX,
	(uint64_t)INT64_MAX + 1, (uint64_t)INT64_MAX + 2, UINT64_MAX - 1, UINT64_MAX,
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* A case, and what came of it. */
struct play {
	int64_t at_in, at_out;   /* where both begin */
	uint64_t len;
	int in, out;
	int64_t off_in, off_out; /* afterwards: of the offsets or, if it uses those, of the positions */
	int by_position;
	struct zs_result result;
	uint64_t lost;           /* taken, and counted as in flight */
	int64_t returned;
	int error;
};

static const char pattern[HAS + 1] = "ten bytes.";

/* How many bytes the input has from its offset on: the largest file ends at INT64_MAX. */
static uint64_t there(const struct play *it)
{
	uint64_t room = it->at_in < 0 ? 0 : (uint64_t)(INT64_MAX - it->at_in);

	return room < HAS ? room : HAS;
}

/* Two files without a block but for these bytes. Returns whether there can be such a file. */
static int prepare(struct play *it)
{
	uint64_t len = there(it);

	MUST((it->in = memfd_create("in", 0)) >= 0 && (it->out = memfd_create("out", 0)) >= 0);
	if (it->at_in >= 0) {
		if (ftruncate(it->in, it->at_in + (int64_t)len) != 0)
			t_skip("no file system here has files of 8 EiB");
		MUST(len == 0 || pwrite(it->in, pattern, len, it->at_in) == (ssize_t)len);
	}
	it->off_in = it->at_in;
	it->off_out = it->at_out;
	it->result = t_unwritten();
	if (it->by_position)
		return lseek(it->in, it->at_in, SEEK_SET) >= 0 && lseek(it->out, it->at_out, SEEK_SET) >= 0;
	return 1;
}

static void finish(struct play *it)
{
	it->error = errno;
	if (it->by_position) {
		it->off_in = t_position(it->in);
		it->off_out = t_position(it->out);
	} else {
		OK(t_position(it->in) == 0 && t_position(it->out) == 0);
	}
}

/* ---- The functions: each uses both offsets, or both positions ---- */

static void plays_copy(struct play *it)
{
	int64_t *in = it->by_position ? NULL : &it->off_in, *out = it->by_position ? NULL : &it->off_out;

	it->returned = zs_copy(it->in, in, it->out, out, it->len, NULL, &it->result);
}

static void plays_copy_by_hand(struct play *it)
{
	int64_t *in = it->by_position ? NULL : &it->off_in, *out = it->by_position ? NULL : &it->off_out;

	it->returned = T_COPY(it->in, in, it->out, out, it->len, &it->result, .avoid = T_ALL_VIA & ~ZS_VIA_READ_WRITE);
}

static void plays_copy_range_full(struct play *it)
{
	int64_t *in = it->by_position ? NULL : &it->off_in, *out = it->by_position ? NULL : &it->off_out;

	it->returned = zs_copy_range_full(it->in, in, it->out, out, it->len, 0, &it->result);
}

static void plays_copy_range_retry(struct play *it)
{
	int64_t *in = it->by_position ? NULL : &it->off_in, *out = it->by_position ? NULL : &it->off_out;

	it->returned = zs_copy_range_retry(it->in, in, it->out, out, (size_t)it->len, 0);
}

/* The others write at the position, or to a pipe. */
static void plays_fanout(struct play *it)
{
	it->returned = zs_fanout(it->in, NULL, &it->out, 1, it->len, NULL, &it->result);
	it->lost = it->result.in_flight;
}

static void plays_sendfile_full(struct play *it)
{
	it->returned = zs_sendfile_full(it->out, it->in, NULL, it->len, 0, &it->result);
}

static void plays_sendfile_retry(struct play *it)
{
	it->returned = zs_sendfile_retry(it->out, it->in, NULL, (size_t)it->len, 0);
}

static void plays_relay(struct play *it)
{
	static int turn;
	uint64_t budget = lens[(size_t)turn++ % COUNT(lens)];
	zs_relay *relay = zs_relay_new(it->in, it->out, it->len, NULL, 0);
	int wants;

	MUST(relay != NULL);
	do
		wants = zs_relay_run(relay, budget);
	while (wants > 0 && OK(wants == ZS_WANT_RUN));
	it->error = errno;
	zs_relay_result(relay, &it->result);
	it->lost = it->result.in_flight;
	zs_relay_free(relay);
	it->returned = wants < 0 ? -1 : (int64_t)it->result.bytes;
	errno = it->error;
}

/* ---- The model ---- */

/* Nothing of it lies beyond the largest offset. */
static int fits(const struct play *it, uint64_t bytes)
{
	return it->at_out >= 0 && bytes <= (uint64_t)(INT64_MAX - it->at_out);
}

static int is_too_far(int error)
{
	return error == EFBIG || error == EINVAL || error == EOVERFLOW;
}

/* So many bytes have arrived, and both offsets say so. */
static void judge_bytes(const struct play *it, uint64_t bytes)
{
	char got[HAS];
	ssize_t len = bytes > HAS ? -1 : pread(it->out, got, bytes, it->at_out);

	OK(bytes <= there(it) && bytes <= it->len);
	T_EQ(it->off_in, it->at_in + (int64_t)(bytes + it->lost));
	T_EQ(it->off_out, it->at_out + (int64_t)bytes);
	T_EQ(t_size(it->out), bytes ? it->at_out + (int64_t)bytes : 0);
	if (bytes)
		OK((uint64_t)len == bytes && memcmp(got, pattern, bytes) == 0);
}

/* A call that begins at the largest offset is refused, also after the last byte, before the end is seen. */
static int is_at_the_top(const struct play *it, uint64_t wanted)
{
	int is_whole = it->result.bytes == wanted && it->at_out == INT64_MAX - (int64_t)wanted;

	return it->at_in == INT64_MAX || it->at_out == INT64_MAX || is_whole;
}

/* A read of a page at the position would be refused, as that of every program. */
static int reads_too_far(const struct play *it)
{
	return it->at_in > INT64_MAX - T_PAGE || it->at_out > INT64_MAX - T_PAGE;
}

/* `has_result`: it is no _retry, which has no result, and may move less than it was asked for. */
static void judge(const struct play *it, int has_result, int reads_pages)
{
	uint64_t wanted = it->len < there(it) ? it->len : there(it);
	int is_negative = it->at_in < 0 || it->at_out < 0;

	if (has_result)
		T_EQ(it->result.error, it->returned < 0 ? it->error : 0);
	if (it->returned >= 0) {
		T_EQ(it->error, 0x5a5a);
		/* The kernel looks at no offset if there is nothing to do. */
		OK(!is_negative || it->returned == 0);
		OK(has_result && !is_negative ? (uint64_t)it->returned == wanted : (uint64_t)it->returned <= wanted);
		judge_bytes(it, (uint64_t)it->returned);
		return;
	}
	OK(is_too_far(it->error));
	OK(is_negative || !fits(it, wanted) || is_at_the_top(it, wanted) || (reads_pages && reads_too_far(it)));
	judge_bytes(it, has_result ? it->result.bytes : 0);
}

static const struct function {
	const char *name;
	void (*play)(struct play *);
	int has_result, by_offset, is_retry, reads_pages;
} functions[] = {
	{ "zs_copy", plays_copy, 1, 1, 0, 0 },
	{ "zs_copy by read and write", plays_copy_by_hand, 1, 1, 0, 0 },
	{ "zs_copy_range_full", plays_copy_range_full, 1, 1, 0, 0 },
	{ "zs_copy_range_retry", plays_copy_range_retry, 0, 1, 1, 0 },
	{ "zs_fanout", plays_fanout, 1, 0, 0, 1 },
	{ "zs_sendfile_full", plays_sendfile_full, 1, 0, 0, 0 },
	{ "zs_sendfile_retry", plays_sendfile_retry, 0, 0, 1, 0 },
	{ "zs_relay_run", plays_relay, 1, 0, 0, 1 },
};

static int plays;

static void play(const struct function *function, int64_t at_in, int64_t at_out, uint64_t len, int by_position)
{
	struct play it = { .at_in = at_in, .at_out = at_out, .len = len, .by_position = by_position };

	t_scene("%s of %llu bytes from %lld to %lld%s", function->name, (unsigned long long)len, (long long)at_in,
		(long long)at_out, by_position ? ", the positions" : "");
	if (prepare(&it)) {
		errno = 0x5a5a;
		function->play(&it);
		finish(&it);
		judge(&it, function->has_result, function->reads_pages);
		plays++;
	}
	MUST(close(it.in) == 0 && close(it.out) == 0);
}

/* A size_t of 32 bits has none of the longer lengths. */
static void each_length(const struct function *function, int64_t at_in, int64_t at_out)
{
	for (size_t i = 0; i < COUNT(lens); i++) {
		if (function->is_retry && (size_t)lens[i] != lens[i])
			continue;
		play(function, at_in, at_out, lens[i], 1);
		if (function->by_offset)
			play(function, at_in, at_out, lens[i], 0);
	}
}

static void every_offset(void)
{
	for (size_t which = 0; which < COUNT(functions); which++)
		for (size_t i = 0; i < COUNT(offsets); i++)
			for (size_t j = 0; j < COUNT(offsets); j++)
				each_length(&functions[which], offsets[i], offsets[j]);
}

/* ---- Pipes: the offset of one side ---- */

static void from_pipe(int64_t at, uint64_t len)
{
	int fds[2], out = memfd_create("out", 0);
	uint64_t wanted = len < HAS ? len : HAS;
	int64_t off = at, returned;

	t_scene("zs_splice_full of %llu bytes from a pipe to %lld", (unsigned long long)len, (long long)at);
	MUST(out >= 0 && pipe(fds) == 0 && write(fds[1], pattern, HAS) == HAS && close(fds[1]) == 0);
	returned = zs_splice_full(fds[0], NULL, out, &off, len, 0, NULL);
	if (at >= 0 && wanted <= (uint64_t)(INT64_MAX - at) && at != INT64_MAX)
		OK(returned == (int64_t)wanted || (is_too_far(errno) && off == INT64_MAX));
	else
		OK(returned >= 0 ? wanted == 0 : is_too_far(errno));
	/* What has moved is in the file, and the rest in the pipe. */
	T_EQ(off - at + t_bytes_available(fds[0]), HAS);
	T_EQ(t_size(out), off == at ? 0 : off);
	MUST(close(fds[0]) == 0 && close(out) == 0);
}

static void to_pipe(int64_t at, uint64_t len)
{
	struct play it = { .at_in = at, .len = len };
	uint64_t wanted;
	int fds[2];

	t_scene("zs_splice_full of %llu bytes from %lld to a pipe", (unsigned long long)len, (long long)at);
	wanted = len < there(&it) ? len : there(&it);
	MUST(prepare(&it) && pipe(fds) == 0);
	it.returned = zs_splice_full(it.in, &it.off_in, fds[1], NULL, len, 0, NULL);
	OK(it.returned == (int64_t)wanted || (it.returned < 0 && (at < 0 || at == INT64_MAX) && is_too_far(errno)));
	T_EQ(it.off_in - at, t_bytes_available(fds[0]));
	MUST(close(it.in) == 0 && close(it.out) == 0);
	t_close2(fds);
}

static void every_pipe(void)
{
	for (size_t i = 0; i < COUNT(offsets); i++)
		for (size_t j = 0; j < COUNT(lens); j++) {
			from_pipe(offsets[i], lens[j]);
			to_pipe(offsets[i], lens[j]);
		}
}

/* zs_tee_full: a length alone. */
static void every_tee(void)
{
	for (size_t i = 0; i < COUNT(lens); i++) {
		uint64_t wanted = lens[i] < HAS ? lens[i] : HAS;
		int in[2], copy[2], out[2];

		t_scene("zs_tee_full of %llu bytes", (unsigned long long)lens[i]);
		MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0);
		MUST(write(in[1], pattern, HAS) == HAS && close(in[1]) == 0);
		T_EQ(zs_tee_full(in[0], copy[1], out[1], lens[i], 0, NULL), (int64_t)wanted);
		T_EQ(t_bytes_available(copy[0]), (int64_t)wanted);
		T_EQ(t_bytes_available(out[0]), (int64_t)wanted);
		MUST(close(in[0]) == 0);
		t_close2(copy);
		t_close2(out);
	}
}

/* ---- Options ---- */

/* Ten bytes that come after a while, under these options. */
static int64_t copies_late(const struct zs_options *options)
{
	struct t_later later = { .ms = 2, .write = pattern, .close = 1 };
	int fds[2], out = memfd_create("out", 0);
	pthread_t thread;
	int64_t returned;

	MUST(out >= 0 && pipe(fds) == 0);
	later.fd = fds[1];
	thread = t_later(&later);
	returned = zs_copy(fds[0], NULL, out, NULL, ZS_TO_END, options, NULL);
	t_join(thread);
	MUST(close(fds[0]) == 0 && close(out) == 0);
	return returned;
}

/* A limit as long as this is none; a negative one is refused. */
static void every_time(void)
{
	for (size_t i = 0; i < COUNT(offsets); i++) {
		int64_t time = offsets[i], wanted = time < 0 ? -1 : HAS;

		/* Below two seconds it might expire. */
		if (time == 1)
			continue;
		t_scene("a time limit of %lld ns", (long long)time);
		T_EQ(copies_late(&(struct zs_options){ .timeout_ns = time }), wanted);
		OK(time >= 0 || errno == EINVAL);
		T_EQ(copies_late(&(struct zs_options){ .idle_ns = time }), wanted);
		OK(time >= 0 || errno == EINVAL);
		T_EQ(copies_late(&(struct zs_options){ .idle_ns = time, .timeout_ns = time, .half_idle_ns = 0 }), wanted);
	}
}

static void every_rate(void)
{
	for (size_t i = 0; i < COUNT(lens); i++) {
		if (lens[i] && lens[i] < 1000)
			continue;
		t_scene("a rate of %llu", (unsigned long long)lens[i]);
		T_EQ(copies_late(&(struct zs_options){ .rate = lens[i] }), HAS);
	}
}

/* Progress over a hole of more than 4 GiB. */
static int grows(void *context, const struct zs_result *so_far)
{
	uint64_t *last = context;

	OK(so_far->bytes >= *last);
	*last = so_far->bytes;
	return 0;
}

static void progress_passes_4_gib(void)
{
	int in = memfd_create("in", 0), out = memfd_create("out", 0);
	struct zs_result result;
	uint64_t last = 0;

	t_scene("progress");
	MUST(in >= 0 && out >= 0 && pwrite(in, pattern, HAS, TWO(33)) == HAS);
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .progress = grows, .context = &last), TWO(33) + HAS);
	OK(last > (uint64_t)TWO(32) && last <= result.bytes);
	T_EQ(result.bytes, (uint64_t)TWO(33) + HAS);
	MUST(close(in) == 0 && close(out) == 0);
}

/* ---- Handles ---- */

/* Lengths that add up to more than there is are all there is. */
static void every_more(void)
{
	for (size_t i = 0; i < COUNT(lens); i++)
		for (size_t j = 0; j < COUNT(lens); j++) {
			struct play it = { .at_in = 0, .by_position = 1 };
			uint64_t sum = lens[i] + lens[j] < lens[i] ? UINT64_MAX : lens[i] + lens[j];
			struct zs_result result;
			zs_relay *relay;

			t_scene("zs_relay_more of %llu after %llu", (unsigned long long)lens[j], (unsigned long long)lens[i]);
			MUST(prepare(&it));
			MUST((relay = zs_relay_new(it.in, it.out, lens[i], NULL, 0)) != NULL);
			OK(zs_relay_run(relay, UINT64_MAX) == 0);
			/* After the end of the input there is no more. */
			OK(zs_relay_more(relay, lens[j]) == 0 || errno == EINVAL);
			OK(zs_relay_run(relay, lens[j]) >= 0);
			while (zs_relay_run(relay, 0) > 0)
				;
			zs_relay_result(relay, &result);
			T_EQ(result.bytes, sum < HAS ? sum : HAS);
			zs_relay_free(relay);
			MUST(close(it.in) == 0 && close(it.out) == 0);
		}
}

/* A pool of any size is made, or there is no memory for it. */
static void every_pool(void *argument)
{
	struct rlimit limit = { 1 << 28, 1 << 28 };

	(void)argument;
	MUST(setrlimit(RLIMIT_AS, &limit) == 0);
	for (size_t i = 0; i < COUNT(lens); i++)
		for (size_t j = 0; j < COUNT(lens); j++) {
			zs_pool *pool = zs_pool_new((size_t)lens[i], (size_t)lens[j]);

			t_scene("zs_pool_new(%zu, %zu)", (size_t)lens[i], (size_t)lens[j]);
			OK(pool || errno == ENOMEM);
			OK(pool || (size_t)lens[i] > 1000);
			if (pool)
				zs_pool_limit(pool, (size_t)lens[j]);
			zs_pool_free(pool);
		}
}

int main(void)
{
	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	every_offset();
	every_pipe();
	every_tee();
	every_time();
	every_rate();
	progress_passes_4_gib();
	every_more();
	if (!t_shares_memory())
		T_CHILD(every_pool, NULL);
	printf("%d plays\n", plays);
	return t_done();
}
