/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a play begins and ends: what the weather is like, and what has to be so when it is over. */
#ifndef WORLD_JUDGE_H
#define WORLD_JUDGE_H

static struct zs_options options;
static int progress_calls;

/* Memory or descriptors; from the n-th on or the n-th alone; n. */
static void force_shortage(int which)
{
	struct plan plan = { 1 + which / 4, which >> 1 & 1, 0 };

	*(which & 1 ? &world.descriptors : &world.memory) = plan;
}

static void set_weather(void)
{
	static const unsigned int weathers[] = {
		0, F_SIGNALS | F_SHORT, F_SHORT | F_AGAIN | F_SIGNALS, F_REFUSED, F_REFUSED | F_SHORT | F_ZERO, F_FAILED,
		F_FAILED | F_SHORT, F_SIGNALS | F_SHORT | F_AGAIN | F_REFUSED | F_FAILED | F_ZERO,
	};

	world.faults = weathers[pick(sizeof weathers / sizeof *weathers)];
	if (pick(4) == 1)
		world.memory = (struct plan){ 1 + (int)pick(6), (int)pick(2), 0 };
	if (pick(4) == 1)
		world.descriptors = (struct plan){ 1 + (int)pick(6), (int)pick(2), 0 };
	if (choices.shortage)
		force_shortage(choices.shortage - 1);
}

static void begin_world(void)
{
	memset(&world, 0, sizeof world);
	world.cancel_fd = world.cancel_far = -1;
	world.now = world.started = 1000000000;
	world.sigpipes = t_signals;
	options = (struct zs_options){ .size = sizeof options };
	progress_calls = 0;
	got_count = 0;
	deeds = 0;
	set_weather();
}

/* ---- Options ---- */

static int hears_of_progress(void *context, const struct zs_result *so_far)
{
	const int *ends_at = context;

	SO(so_far->copied <= so_far->bytes, "progress: copied %llu", (unsigned long long)so_far->copied);
	return ++progress_calls == *ends_at;
}

static void pick_cancel(void)
{
	int fds[2];

	MUST(pipe(fds) == 0);
	world.cancel_fd = fds[0];
	world.cancel_far = fds[1];
	options.flags |= ZS_CANCEL_FD;
	options.cancel_fd = fds[0];
}

/* What may end it before it is done. Some of the inputs are silent then. */
static void pick_limits(void)
{
	static int ends_at;

	if (pick(8) == 1)
		options.timeout_ns = 1000000 << pick(8);
	if (pick(8) == 1)
		options.idle_ns = 1000000 << pick(8);
	if (pick(8) == 1)
		pick_cancel();
	if (pick(8) == 1) {
		ends_at = pick(2) ? (int)pick(6) : 0;
		options.progress = hears_of_progress;
		options.context = &ends_at;
	}
	if (pick(8) == 1)
		options.flags |= ZS_INTERRUPT;
	options.rate = pick(8) == 1 ? 16384u << pick(5) : 0;
	world.rate = options.rate;
	world.timeout = options.timeout_ns;
	world.idle = options.idle_ns;
	world.is_watched = options.timeout_ns || options.idle_ns || world.cancel_fd >= 0 || options.progress
		|| options.half_idle_ns;
	for (int i = 0; i < end_count; i++)
		ends[i]->is_silent = (options.timeout_ns || options.idle_ns || world.cancel_fd >= 0) && pick(3) == 1;
}

static void pick_flags(uint32_t known)
{
	for (uint32_t flag = 1; flag; flag <<= 1)
		if (known & flag && pick(6) == 1)
			options.flags |= flag;
	if (pick(5) == 1)
		options.avoid = pick(0x40);
	world.avoid = options.avoid;
	world.flags = options.flags;
}

/* ---- The rate ---- */

static void judge_second(size_t first)
{
	/* Packets of a pipe are read in pieces of 4 KiB. */
	uint64_t most = options.rate + 4096, bytes = 0;

	for (size_t i = first; i < got_count && got_log[i].at < got_log[first].at + 1000000000; i++)
		bytes += got_log[i].by == got_log[first].by ? got_log[i].bytes : 0;
	SO(bytes <= most, "%llu bytes in a second, at a rate of %llu", (unsigned long long)bytes,
	   (unsigned long long)options.rate);
}

static void judge_rate(void)
{
	for (size_t i = 0; options.rate && i < got_count; i++)
		judge_second(i);
}

/* ---- Errors ---- */

static int someone(int (*is_so)(const struct end *))
{
	for (int i = 0; i < end_count; i++)
		if (is_so(ends[i]))
			return 1;
	return 0;
}

static int is_dead_output(const struct end *end)
{
	return end->is_out && !is_file(end) && end->has_died;
}

static int is_reset(const struct end *end)
{
	return end->was_reset || (end->is_out && end->has_died && is_socket(end));
}

/* Whether something that has happened is a reason to fail with this. */
static int is_explained(int error)
{
	if (error > 0 && error < 256 && world.injected[error])
		return error != EINTR || options.flags & ZS_INTERRUPT;
	switch (error) {
	case EPIPE:
		return someone(is_dead_output);
	case ECONNRESET:
		return someone(is_reset);
	case EIO:
		return someone(is_hung_up);
	case ECANCELED:
		return world.is_cancelled || (options.progress && progress_calls == *(int *)options.context);
	case ETIMEDOUT:
		return (options.timeout_ns && world.now >= world.started + options.timeout_ns)
			|| (options.idle_ns && world.now >= world.started + options.idle_ns)
			|| (options.half_idle_ns && world.now >= world.started + options.half_idle_ns);
	case EOPNOTSUPP:
		return options.avoid & ZS_VIA_READ_WRITE || world.faults & F_ZERO;
	default:
		return 0;
	}
}

/* What holds of every result. errno was 0x5a5a before the call. */
static void judge_result(const struct zs_result *is, int64_t returned, int error)
{
	for (size_t i = 0; i < sizeof is->spare / sizeof *is->spare; i++)
		SO(is->spare[i] == 0, "result->spare[%zu] is %u", i, is->spare[i]);
	SO(is->copied <= is->bytes && is->holes <= is->bytes, "copied %llu, holes %llu of %llu",
	   (unsigned long long)is->copied, (unsigned long long)is->holes, (unsigned long long)is->bytes);
	SO(!(is->via & options.avoid), "via %s, of which some is to be avoided", t_via_words(is->via));
	if (returned >= 0) {
		SO(error == 0x5a5a, "errno %s after a success", t_errno_name(error));
		SO(is->error == 0 && is->side == 0, "error %s after a success", t_errno_name(is->error));
		return;
	}
	SO(error > 0 && error == is->error, "errno %s, result->error %s", t_errno_name(error), t_errno_name(is->error));
	SO(is_explained(error), "nothing explains %s", t_errno_name(error));
}

/* ---- Where the bytes are ---- */

/* No byte more gets there, and the far end sees the end, but of a terminal. */
static void end_output(struct end *end)
{
	if (end->kind == A_PIPE) {
		MUST(close(end->fd) == 0);
		end->fd = -1;
	} else if (is_socket(end)) {
		(void)shutdown(end->fd, SHUT_WR);
	}
}

/* So many bytes have to be at the output, and no more. */
static void judge_output(struct end *end, uint64_t bytes)
{
	int fd = end->fd, patience = end->kind == A_TCP || end->kind == A_PTY ? 500 : 1;

	if (is_file(end))
		return;
	end_output(end);
	while (end->far >= 0 && !end->saw_end && patience > 0 && (end->kind != A_PTY || end->got < bytes))
		if (!takes(end, PIECE) && --patience > 0)
			(void)poll(&(struct pollfd){ .fd = end->far, .events = POLLIN }, 1, 2);
	(void)takes(end, PIECE);
	SO(end->got <= bytes, "peer of %d got %zu, more than %llu", fd, end->got, (unsigned long long)bytes);
	SO(end->has_died || end->got == bytes, "peer of %d got %zu of %llu", fd, end->got, (unsigned long long)bytes);
}

/* The file has to be as it was, but for these bytes. */
static void judge_file(struct end *end, uint64_t bytes)
{
	int64_t start = end->appends ? end->old_size : end->start, size = start + (int64_t)bytes;
	static unsigned char is[1 << 20], wanted[1 << 20];

	size = bytes == 0 || size < end->old_size ? end->old_size : size;
	SO(t_size(end->fd) == size, "the file has %lld bytes instead of %lld",
	   (long long)t_size(end->fd), (long long)size);
	memset(wanted, 0, (size_t)size);
	t_pattern(wanted, (size_t)end->old_size, OLD);
	(void)flow_has(end->flow, 0, wanted, (size_t)bytes);
	if (bytes > 0)
		memcpy(wanted + start, end->flow->bytes, (size_t)bytes);
	MUST(pread(end->fd, is, sizeof is, 0) == size);
	SO(memcmp(is, wanted, (size_t)size) == 0, "the file is not what it has to be");
}

/* What was not taken has to be there. */
static void judge_input(struct end *end, uint64_t taken)
{
	static unsigned char bytes[PIECE];
	int patience = end->kind == A_TCP || end->kind == A_PTY ? 100 : 1;

	SO(taken <= end->given, "%llu bytes taken of %llu", (unsigned long long)taken, (unsigned long long)end->given);
	while (taken < end->given && patience > 0) {
		ssize_t n = read(end->fd, bytes, sizeof bytes);

		if (n > 0)
			SO(t_is_pattern(bytes, (size_t)n, end->base + taken), "input %d does not go on at %llu", end->fd,
			   (unsigned long long)taken);
		taken += n > 0 ? (uint64_t)n : 0;
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n < 0 && --patience > 0)
			(void)poll(&(struct pollfd){ .fd = end->fd, .events = POLLIN }, 1, 2);
	}
	SO(end->was_reset || end->may_lose || is_hung_up(end) || taken == end->given,
	   "input %d: %llu bytes are nowhere", end->fd, (unsigned long long)(end->given - taken));
}

static void end_world(void)
{
	judge_rate();
	SO(world.blocks == 0, "%d blocks of memory are not freed", world.blocks);
	for (size_t fd = 0; fd < sizeof world.is_private; fd++)
		SO(!world.is_private[fd], "descriptor %zu is not closed", fd);
	SO(!(options.flags & ZS_NOSIGPIPE) || t_signals == world.sigpipes, "SIGPIPE in spite of ZS_NOSIGPIPE");
	if (world.cancel_fd >= 0)
		MUST(close(world.cancel_fd) == 0 && close(world.cancel_far) == 0);
	close_ends();
	deeds = 0;
}

#endif
