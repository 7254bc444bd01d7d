/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the library's calls come to (the linker's --wrap): they are traced, may fail or move less, and the peers act
 * before and after them. Time is virtual. A call that would wait in the kernel is emulated: the peers act until it
 * need not wait any more. Where nobody can act any more, or nothing may wait, that is a finding. */
#ifndef WORLD_KERNEL_H
#define WORLD_KERNEL_H

long __real_syscall(long number, ...);
int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __real_fcntl(int fd, int command, ...);
int __real_ioctl(int fd, unsigned long command, ...);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);

/* Which of many fails: none, the n-th alone, all from the n-th on. */
struct plan {
	int from, alone, count;
};

/* What an output has got, and when. */
struct got {
	const struct end *by;
	int64_t at;
	uint64_t bytes;
};

#define LOGGED 8192
static struct got got_log[LOGGED];
static size_t got_count;

static struct {
	/* The library is running: this function. */
	int inside;
	const char *function;
	int64_t now;
	/* The limits of the transfer: when it has to be over, how long a wait may be, and how it is cancelled. */
	int64_t timeout, deadline, idle, started, seen;
	int cancel_fd, cancel_far, is_cancelled;
	int is_watched, may_not_wait, may_not_poll;
	/* One of the functions that use one mechanism. */
	int is_plain;
	/* A read of a TCP socket that falls short has taken all. */
	int exact_reads;
	uint32_t avoid, flags;
	uint64_t rate;
	/* Only one output, whose death ends the transfer. */
	const struct end *only_out;
	/* What is done to it. */
	unsigned int faults, denied[64];
	struct plan memory, descriptors;
	unsigned char injected[256];
	int must_fail;
	/* What it holds. */
	int blocks;
	unsigned char is_private[1024];
	/* Calls, and waits, since something has moved or a peer has acted. */
	unsigned int idle_calls, idle_waits;
	uint64_t calls, moved;
	int sigpipes;
} world;

#define IDLE_CALLS 8000
#define IDLE_WAITS 3000

enum { F_SIGNALS = 1, F_SHORT = 2, F_AGAIN = 4, F_REFUSED = 8, F_FAILED = 16, F_ZERO = 32 };

/* A call of the library, with its errno kept. */
#define INSIDE(call) INSIDE_OF(strstr(#call, "zs_"), call)

/* A call of this function. */
#define INSIDE_OF(name, call) \
	__extension__({ \
		world.function = (name); \
		world.inside = 1; \
		errno = 0x5a5a; \
		__auto_type inside_ = (call); \
		world.inside = 0; \
		inside_; \
	})

static void inject(int error)
{
	world.injected[error] = 1;
	errno = error;
}

static int is_private(int fd)
{
	return fd >= 0 && fd < (int)sizeof world.is_private && world.is_private[fd];
}

static int fails(struct plan *plan)
{
	plan->count++;
	return plan->from && (plan->alone ? plan->count == plan->from : plan->count >= plan->from);
}

static void progress_is_made(void)
{
	world.idle_calls = world.idle_waits = 0;
}

static void peers_act(void)
{
	int before = errno;

	if (someone_acts())
		progress_is_made();
	if (world.cancel_far >= 0 && !world.is_cancelled && one_in(60)) {
		MUST(write(world.cancel_far, "!", 1) == 1);
		world.is_cancelled = 1;
		tell("    cancelled");
	}
	errno = before;
}

/* The library makes a call: what happens until `leave` is the world's doing. */
static void enter(void)
{
	world.inside = 0;
	world.calls++;
	SO(++world.idle_calls < IDLE_CALLS, "the same calls again and again, and nothing moves");
	world.now += 1000;
	if (one_in(100)) {
		world.now += 1000000 << pick(12);
		tell("    time passes");
	}
	peers_act();
}

static void judge_number(long number)
{
	SO(t_allows(world.function, number), "%.20s makes system call %ld, which zsplice(7) does not list", world.function,
	   number);
}

static void leave(void)
{
	peers_act();
	world.inside = 1;
}

/* ---- Memory ---- */

static int lacks_memory(size_t size)
{
	if (!world.inside || !fails(&world.memory))
		return 0;
	tell("  malloc(%zu): none", size);
	inject(ENOMEM);
	return 1;
}

static void *counted(void *memory)
{
	world.blocks += world.inside && memory;
	return memory;
}

void *__wrap_malloc(size_t size)
{
	return lacks_memory(size) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return lacks_memory(count * size) ? NULL : counted(__real_calloc(count, size));
}

void __wrap_free(void *memory)
{
	world.blocks -= world.inside && memory;
	__real_free(memory);
}

/* ---- Descriptors ---- */

static long makes_pipe(int fds[2], int flags)
{
	if (fails(&world.descriptors)) {
		tell("  pipe2: EMFILE");
		inject(EMFILE);
		return -1;
	}
	MUST(pipe2(fds, flags) == 0);
	MUST(fds[0] < (int)sizeof world.is_private && fds[1] < (int)sizeof world.is_private);
	SO(flags & O_CLOEXEC, "a private pipe without O_CLOEXEC");
	world.is_private[fds[0]] = world.is_private[fds[1]] = 1;
	tell("  pipe2: %d, %d", fds[0], fds[1]);
	return 0;
}

static long closes_private(int fd)
{
	SO(is_private(fd), "close(%d), which is not the library's", fd);
	world.is_private[fd] = 0;
	tell("  close(%d)", fd);
	return __real_syscall(SYS_close, fd);
}

int __wrap_fcntl(int fd, int command, ...)
{
	const struct end *end = end_of(fd);
	va_list arguments;
	int argument, answer;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	if (!world.inside)
		return __real_fcntl(fd, command, argument);
	enter();
	judge_number(T_SYS_FCNTL);
	SO(command == F_GETFL || command == F_GETPIPE_SZ || command == F_SETPIPE_SZ, "fcntl(%d, %d)", fd, command);
	SO(command != F_SETPIPE_SZ || is_private(fd) || world.flags & ZS_GROW_PIPE, "F_SETPIPE_SZ of %d", fd);
	answer = __real_fcntl(fd, command, argument);
	if (command == F_GETFL && end && end->blocks)
		answer &= ~O_NONBLOCK;
	tell("  fcntl(%d, %s) = %d", fd, command == F_GETFL ? "F_GETFL" : "pipe size", answer);
	leave();
	return answer;
}

int __wrap_ioctl(int fd, unsigned long command, ...)
{
	va_list arguments;
	void *argument;
	int answer;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!world.inside)
		return __real_ioctl(fd, command, argument);
	enter();
	judge_number(SYS_ioctl);
	SO((uint32_t)command != FICLONERANGE || !(world.flags & ZS_NO_CLONE), "a clone although that is not allowed");
	answer = __real_ioctl(fd, command, argument);
	tell("  ioctl(%d, %#lx) = %d", fd, command, answer);
	leave();
	return answer;
}

static long shuts_down(int fd, int how)
{
	int answer = shutdown(fd, how);

	SO(how == SHUT_WR && end_of(fd), "shutdown(%d, %d)", fd, how);
	tell("  shutdown(%d) = %d", fd, answer);
	return answer;
}

/* ---- Time ---- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	if (!world.inside)
		return __real_clock_gettime(clock, time);
	/* The time limit counts from the first look at the clock. */
	if (!world.deadline && world.timeout)
		world.deadline = world.now + world.timeout;
	world.seen = world.now;
	*time = (struct timespec){ world.now / 1000000000, world.now % 1000000000 };
	return 0;
}

static short real_poll(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	MUST(poll(&one, 1, 0) >= 0);
	return one.revents;
}

/* Whether a wait of so many nanoseconds (-1: any time) is too long, or overlooks something. */
static void judge_wait(const struct pollfd *fds, size_t count, int64_t time)
{
	const struct end *out = world.only_out;
	int has_cancel = 0;

	SO(!world.may_not_wait && !world.may_not_poll, "a wait where there must be none");
	for (size_t i = 0; i < count; i++)
		has_cancel |= fds[i].fd == world.cancel_fd && fds[i].events & POLLIN;
	SO(world.cancel_fd < 0 || has_cancel, "waits, and would not hear of the cancel");
	SO(!world.idle || world.rate || (time >= 0 && time <= world.idle), "waits longer than idle_ns");
	SO(!world.deadline || (time >= 0 && world.seen + time <= world.deadline), "waits beyond the deadline");
	/* Between the steps of a rate it looks every few milliseconds. */
	SO(!out || is_file(out) || (world.rate && time >= 0 && time <= 10000000)
	   || !(real_poll(out->fd, 0) & (POLLERR | POLLHUP)),
	   "waits although the output has died");
}

/* A little while for what TCP and terminals do in the background. */
static long settles(struct pollfd *fds, size_t count)
{
	for (int looks = 0; is_slow() && looks < 60; looks++) {
		int ready = poll(fds, count, 5);

		if (ready != 0 || all_finish())
			return ready;
	}
	found("waits for ever: nobody can act any more");
}

static long polls(struct pollfd *fds, size_t count, int64_t time)
{
	int64_t end = world.now + time;
	int ready;

	for (;;) {
		ready = poll(fds, count, 0);
		if (ready != 0 || time == 0)
			return ready;
		judge_wait(fds, count, time < 0 ? -1 : end - world.now);
		if (world.faults & F_SIGNALS && one_in(10)) {
			inject(EINTR);
			return -1;
		}
		SO(++world.idle_waits < IDLE_WAITS, "waits again and again, and nothing moves");
		if (time > 0 && one_in(6)) {
			world.now = end;
			return 0;
		}
		if (world_goes_on()) {
			progress_is_made();
			world.now += 10000;
		} else if (world.cancel_far >= 0 && !world.is_cancelled) {
			MUST(write(world.cancel_far, "!", 1) == 1);
			world.is_cancelled = 1;
		} else if (time > 0) {
			world.now = end;
			return poll(fds, count, 0);
		} else {
			ready = (int)settles(fds, count);
		}
		if (time > 0 && world.now >= end)
			return poll(fds, count, 0);
	}
}

static void tell_poll(const struct pollfd *fds, size_t count, int64_t time, long answer)
{
	char words[256] = "";
	size_t len = 0;

	for (size_t i = 0; choices.tells && i < count && len < sizeof words - 40; i++)
		len += (size_t)snprintf(words + len, sizeof words - len, " %d:%x->%x", fds[i].fd,
					(unsigned int)fds[i].events, (unsigned int)fds[i].revents);
	tell("  poll(%s, %lld ns) = %ld", words, (long long)time, answer);
}

static long answers_poll(const long *args)
{
	const long *time = (const long *)args[2];
	int64_t nanoseconds = time ? (int64_t)time[0] * 1000000000 + time[1] : -1;
	struct pollfd *fds = (struct pollfd *)args[0];
	long answer;

	if (nanoseconds < 0 && time)
		nanoseconds = INT64_MAX / 4;
	answer = polls(fds, (size_t)args[1], nanoseconds);
	tell_poll(fds, (size_t)args[1], nanoseconds, answer);
	return answer;
}

/* ---- Calls that move bytes ---- */

struct call {
	long number;
	long args[6];
	const char *name;
	/* Which arguments are the descriptors and the length; -1: none. */
	int in_at, out_at, len_at;
	struct end *in, *out;
	/* Whether it must not wait for this side. */
	int in_at_once, out_at_once;
	uint32_t via;
	size_t len;
};

static const struct call shapes[] = {
	{ .number = SYS_splice, .name = "splice", .in_at = 0, .out_at = 2, .len_at = 4, .via = ZS_VIA_SPLICE },
	{ .number = SYS_tee, .name = "tee", .in_at = 0, .out_at = 1, .len_at = 2, .via = ZS_VIA_TEE },
	{ .number = T_SYS_SENDFILE, .name = "sendfile", .in_at = 1, .out_at = 0, .len_at = 3, .via = ZS_VIA_SENDFILE },
	{ .number = SYS_copy_file_range, .name = "copy_file_range", .in_at = 0, .out_at = 2, .len_at = 4,
	  .via = ZS_VIA_COPY_RANGE },
	{ .number = SYS_read, .name = "read", .in_at = 0, .out_at = -1, .len_at = 2 },
	{ .number = T_SYS_PREAD, .name = "pread", .in_at = 0, .out_at = -1, .len_at = T_PREAD_LEN_AT },
	{ .number = SYS_preadv2, .name = "preadv2", .in_at = 0, .out_at = -1, .len_at = -1 },
	{ .number = SYS_recvfrom, .name = "recv", .in_at = 0, .out_at = -1, .len_at = 2 },
	{ .number = SYS_write, .name = "write", .in_at = -1, .out_at = 0, .len_at = 2 },
	{ .number = T_SYS_PWRITE, .name = "pwrite", .in_at = -1, .out_at = 0, .len_at = T_PREAD_LEN_AT },
	{ .number = SYS_pwritev2, .name = "pwritev2", .in_at = -1, .out_at = 0, .len_at = -1 },
	{ .number = SYS_sendto, .name = "send", .in_at = -1, .out_at = 0, .len_at = 2 },
};

/* What the call must not wait for: SPLICE_F_NONBLOCK is about pipes, and about an AF_UNIX socket as the input. */
static void judge_flags(struct call *call)
{
	const struct end *in = call->in, *out = call->out;
	int in_waits = in && in->blocks, out_waits = out && out->blocks, is_told = 0;

	if (call->number == SYS_splice)
		is_told = (call->args[5] & SPLICE_F_NONBLOCK) != 0;
	else if (call->number == SYS_tee)
		is_told = (call->args[3] & SPLICE_F_NONBLOCK) != 0;
	else if (call->number == SYS_recvfrom || call->number == SYS_sendto)
		is_told = (call->args[3] & MSG_DONTWAIT) != 0;
	else if (call->number == SYS_preadv2 || call->number == SYS_pwritev2)
		is_told = (call->args[5] & RWF_NOWAIT) != 0;
	call->in_at_once = !in_waits || is_told;
	call->out_at_once = !out_waits || is_told;
	if (call->number == SYS_splice || call->number == T_SYS_SENDFILE) {
		int out_is_pipe = out ? out->kind == A_PIPE : 1, in_is_pipe = in ? in->kind == A_PIPE : 1;

		if (out_is_pipe && !out_waits && (in_is_pipe || (in && in->kind == A_UNIX)))
			call->in_at_once = 1;
		if (in && in_waits && is_told && in->kind != A_PIPE && in->kind != A_UNIX)
			call->in_at_once = 0;
		if (out && out_waits && !out_is_pipe)
			call->out_at_once = 0;
		if (in_is_pipe && !in_waits && out_is_pipe)
			call->out_at_once = 1;
	}
	if (call->number == SYS_tee && (!in_waits || !out_waits))
		call->in_at_once = call->out_at_once = 1;
}

static struct iovec *vector_of(struct call *call)
{
	return call->len_at < 0 ? (struct iovec *)call->args[1] : NULL;
}

static void understand(struct call *call, const struct call *shape, const long *args)
{
	*call = *shape;
	memcpy(call->args, args, sizeof call->args);
	call->in = call->in_at < 0 ? NULL : end_of((int)args[call->in_at]);
	call->out = call->out_at < 0 ? NULL : end_of((int)args[call->out_at]);
	call->len = call->len_at < 0 ? vector_of(call)->iov_len : (size_t)args[call->len_at];
	judge_flags(call);
}

/* The call for so many bytes at most, from `done` on. */
static long make(const struct call *call, size_t done, size_t len)
{
	struct iovec piece;
	long args[6];

	memcpy(args, call->args, sizeof args);
	if (call->len_at < 0) {
		piece = *(struct iovec *)args[1];
		piece.iov_base = (char *)piece.iov_base + done;
		piece.iov_len = len;
		args[1] = (long)&piece;
	} else {
		args[call->len_at] = (long)len;
		if (call->number == SYS_write || call->number == SYS_sendto)
			args[1] += (long)done;
	}
	return __real_syscall(call->number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static int is_peek(const struct call *call)
{
	return call->len == 0 || (call->number == SYS_recvfrom && call->args[3] & MSG_PEEK);
}

/* Whether the kernel waits until all is written. */
static int writes_all(const struct call *call)
{
	const struct end *out = call->out;

	if (!out || call->out_at_once || is_file(out))
		return 0;
	return out->kind != A_PIPE || call->in_at < 0;
}

/* Which side the call would wait for. */
static struct end *missing(const struct call *call)
{
	int out_is_full = call->out && !is_file(call->out) && !real_poll(call->out->fd, POLLOUT);

	if (!call->in || is_file(call->in))
		return call->out;
	if (out_is_full && call->out->kind == A_PIPE)
		return call->out;
	return real_poll(call->in->fd, POLLIN) && call->out ? call->out : call->in;
}

/* The call waits in the kernel, unless it must not or a signal comes. Returns whether to go on. */
static int waits_in_kernel(const struct call *call, const struct end *side)
{
	SO(!world.is_watched, "%s waits for %d, although the transfer is watched", call->name, side->fd);
	SO(!world.may_not_wait, "%s waits for %d where there must be no wait", call->name, side->fd);
	SO(++world.idle_waits < IDLE_WAITS, "waits again and again, and nothing moves");
	/* A terminal that hangs up behind our back is waited for in vain by every program, until somebody ends that. */
	if ((world.faults & F_SIGNALS && one_in(10)) || is_hung_up(side)) {
		inject(is_hung_up(side) && world.is_plain ? EIO : EINTR);
		return 0;
	}
	world.now += 10000;
	if (world_goes_on()) {
		progress_is_made();
		return 1;
	}
	if (is_slow() && world.idle_waits < 1000) {
		usleep(1000);
		return 1;
	}
	found("%s waits for %d for ever", call->name, side->fd);
}

/* A pipe that has nothing more to splice ends the call. */
static int is_drained(const struct call *call)
{
	return call->number == SYS_splice && t_bytes_available((int)call->args[0]) == 0;
}

/* splice(2) does not get past urgent data: 0 from a blocking socket, EAGAIN from another. */
static int is_at_mark(const struct call *call)
{
	return call->number == SYS_splice && call->in && call->in->has_urgent && real_poll(call->in->fd, POLLIN)
		&& real_poll((int)call->args[2], POLLOUT);
}

static long moves(const struct call *call, size_t most)
{
	size_t done = 0;

	for (;;) {
		long n = make(call, done, most - done);
		const struct end *side;

		if (n > 0)
			done += (size_t)n;
		if (n == 0 || (n > 0 && (!writes_all(call) || done == most || is_drained(call))))
			return (long)done;
		if (n < 0 && errno != EAGAIN)
			return done ? (long)done : -1;
		if (n < 0 && is_at_mark(call))
			return call->in->blocks ? 0 : -1;
		side = n > 0 ? call->out : missing(call);
		if (!side || (side == call->in ? call->in_at_once || done : call->out_at_once))
			return done ? (long)done : n;
		if (!waits_in_kernel(call, side))
			return done ? (long)done : -1;
	}
}

/* ---- Faults ---- */

static const int refusals[] = { EINVAL, ENOSYS, EPERM, EOPNOTSUPP, EXDEV, EACCES };

/* Whether the caller's side of the call fails: an error of the data path ends the transfer. */
static int fails_by_chance(const struct call *call)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, EFBIG };
	int error = call->out ? errors[pick(4)] : EIO;

	if (!(world.faults & F_FAILED) || is_peek(call) || (!call->in && !call->out) || call->len < 2 || !one_in(40))
		return 0;
	if (call->out && call->out->kind != A_FILE && call->out->kind != A_MEMFD)
		error = EIO;
	world.must_fail = error;
	inject(error);
	return 1;
}

static int refuses_by_chance(const struct call *call)
{
	if (!(world.faults & F_REFUSED) || !call->via || !one_in(6))
		return 0;
	inject(refusals[pick(sizeof refusals / sizeof *refusals)]);
	return 1;
}

/* A call that is refused once may be refused for good. */
static int is_refused(const struct call *call, size_t shape)
{
	if (world.denied[shape]) {
		inject((int)world.denied[shape]);
		return 1;
	}
	if (!refuses_by_chance(call))
		return 0;
	if (pick(2))
		world.denied[shape] = (unsigned int)errno;
	return 1;
}

static int declines_by_chance(const struct call *call)
{
	if (world.faults & F_SIGNALS && !is_peek(call) && one_in(20)) {
		inject(EINTR);
		return 1;
	}
	if (world.faults & F_AGAIN && (call->in || call->out) && !is_peek(call) &&
	    ((call->in && !is_file(call->in)) || (call->out && !is_file(call->out))) && one_in(20)) {
		errno = EAGAIN;
		return 1;
	}
	return 0;
}

static void judge_call(const struct call *call)
{
	SO(!(call->via & world.avoid) || call->args[0] == -1, "%s although it is to be avoided", call->name);
	SO(!(call->via & ZS_VIA_COPY_RANGE && world.flags & ZS_NO_CLONE), "copy_file_range with ZS_NO_CLONE");
	for (int i = 0; i < 2; i++) {
		int at = i ? call->in_at : call->out_at, fd = at < 0 ? -1 : (int)call->args[at];

		SO(fd < 0 || is_private(fd) || end_of(fd), "%s of %d, which is nobody's", call->name, fd);
	}
}

/* A 0 that is not the end: files that do not know their size, TCP with urgent data. */
static int says_zero(const struct call *call)
{
	int may = call->in && call->via && (is_file(call->in) || (call->in->kind == A_TCP && !world.is_plain));

	return world.faults & F_ZERO && may && one_in(20);
}

static int may_be_short(const struct call *call)
{
	return world.faults & F_SHORT && !(world.exact_reads && call->in && call->in->kind == A_TCP);
}

static long answers_call(const struct call *call, size_t shape)
{
	size_t most = call->len;

	judge_call(call);
	if (is_refused(call, shape) || fails_by_chance(call) || declines_by_chance(call))
		return -1;
	if (says_zero(call))
		return 0;
	if (may_be_short(call) && most > 1 && !is_peek(call) && pick(4) == 1)
		most = 1 + pick(most > 65536 ? 65536 : (unsigned int)most);
	return moves(call, most);
}

static void tell_call(const struct call *call, long answer)
{
	int before = errno;

	tell("  %s(%ld, %ld, %ld, %ld, %ld, %ld) = %ld %s", call->name, call->args[0], call->args[1], call->args[2],
	     call->args[3], call->args[4], call->args[5], answer, answer < 0 ? t_errno_name(before) : "");
	errno = before;
}

static void log_output(const struct call *call, long answer)
{
	if (call->out && got_count < LOGGED)
		got_log[got_count++] = (struct got){ call->out, world.now, (uint64_t)answer };
}

static long moves_bytes(size_t shape, const long *args)
{
	struct call call;
	long answer;

	understand(&call, &shapes[shape], args);
	answer = answers_call(&call, shape);
	tell_call(&call, answer);
	if (answer > 0 && !is_peek(&call)) {
		progress_is_made();
		world.moved += (uint64_t)answer;
		log_output(&call, answer);
	}
	return answer;
}

/* They open nothing by name, move nothing, and wait for nothing. */
static int is_harmless(long number)
{
	return number == SYS_rt_sigtimedwait || number == SYS_rt_sigpending || number == SYS_rt_sigprocmask
		|| number == SYS_fallocate || number == SYS_statx || number == SYS_ftruncate
		|| number == SYS_getsockopt || number == SYS_getpeername;
}

static long answers(long number, const long *args)
{
	judge_number(number);
	if (number == SYS_ppoll)
		return answers_poll(args);
	if (number == SYS_close)
		return closes_private((int)args[0]);
	if (number == SYS_pipe2)
		return makes_pipe((int *)args[0], (int)args[1]);
	if (number == SYS_shutdown)
		return shuts_down((int)args[0], (int)args[1]);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (shapes[i].number == number)
			return moves_bytes(i, args);
	SO(is_harmless(number), "system call %ld", number);
	return __real_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* It reads six arguments, however many there are, as that of libc does. */
__attribute__((no_sanitize_address)) long __wrap_syscall(long number, ...)
{
	va_list list;
	long args[6], answer;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (!world.inside)
		return __real_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	enter();
	answer = answers(number, args);
	leave();
	return answer;
}

#endif
