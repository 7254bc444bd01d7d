/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plays a scene by a plain loop of read(2), write(2) and poll(2), or by an engine of the library. After t.h.
 *
 * It is played in a child, so that one that waits for ever can be ended. The child's main thread is the one
 * that copies; the input's writer and the outputs' readers are threads beside it. */
#ifndef T_ORACLE_H
#define T_ORACLE_H

#include "t_engines.h"
#include "t_oracle_ends.h"

/* ---- The plain loop ---- */

static inline void o_wait(int fd, short events)
{
	MUST(poll(&(struct pollfd){ .fd = fd, .events = events }, 1, -1) == 1 || errno == EINTR);
}

static inline int64_t o_plain(int in, int64_t *off_in, const int *outs, int count, uint64_t len, size_t buffer,
			      struct zs_result *result, int64_t written[2])
{
	static unsigned char bytes[1 << 20];

	while (result->bytes < len) {
		uint64_t rest = len - result->bytes;
		size_t most = rest < buffer ? rest : buffer;
		ssize_t n = off_in ? pread(in, bytes, most, *off_in) : read(in, bytes, most), m;

		if (n < 0 && errno == EAGAIN) {
			o_wait(in, POLLIN);
			continue;
		}
		if (n <= 0)
			return n < 0 ? -1 : (int64_t)result->bytes;
		for (int i = 0; i < count; i++)
			for (ssize_t at = 0; at < n; at += m > 0 ? m : 0) {
				m = write(outs[i], bytes + at, (size_t)(n - at));
				written[i] += m > 0 ? m : 0;
				if (m < 0 && errno == EAGAIN)
					o_wait(outs[i], POLLOUT);
				else if (m < 0)
					return -1;
			}
		*(off_in ? off_in : &(int64_t){ 0 }) += n;
		result->bytes += (uint64_t)n;
	}
	return (int64_t)result->bytes;
}

/* ---- The functions ---- */

static inline int o_go_on(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	return 0;
}

static inline void o_set_options(enum o_option option, struct zs_options *options)
{
	int64_t hour = (int64_t)3600 * 1000000000;

	*options = (struct zs_options){ .flags = option == O_QUIET ? ZS_NOSIGPIPE : option == O_STABLE ? ZS_STABLE : 0 };
	options->timeout_ns = options->idle_ns = option == O_TIMEOUT ? hour : 0;
	options->progress = option == O_PROGRESS ? o_go_on : NULL;
}

static inline int64_t o_ours(const struct o_scene *scene, int in, int64_t *off_in, const int *outs,
			     struct zs_result *result, int64_t written[2])
{
	struct zs_options options;
	struct zs_result results[2];
	int64_t returned;

	o_set_options(scene->option, &options);
	if (scene->function == O_COPY || scene->function == O_RELAY || scene->function == O_BRIDGE) {
		returned = t_engine(scene->function == O_COPY ? T_BY_COPY : scene->function == O_RELAY ? T_BY_RELAY
				    : T_BY_BRIDGE, in, off_in, outs[0], o_asked(scene), scene->option ? &options : NULL,
				    result);
		written[0] = (int64_t)result->bytes;
		return returned;
	}
	returned = zs_fanout(in, off_in, outs, (size_t)o_outs(scene), o_asked(scene), scene->option ? &options : NULL,
			     results);
	*result = results[o_the_output(scene)];
	for (int i = 0; i < o_outs(scene); i++)
		written[i] = (int64_t)results[i].bytes;
	return returned;
}

/* ---- Playing it, in a child ---- */

static volatile sig_atomic_t o_sigpipes;

static inline void o_sigpipe(int signal)
{
	(void)signal;
	o_sigpipes++;
}

static inline void o_child(const struct o_scene *scene, size_t way)
{
	struct sigaction action = { .sa_handler = o_sigpipe, .sa_flags = SA_RESTART };
	struct o_giver giver = { .scene = scene };
	struct o_taker takers[2] = { { 0 } };
	struct o_outcome outcome = { 0 };
	struct zs_result result = { 0 };
	int64_t offset = O_AT, *off_in = scene->in == O_IN_OFFSET ? &offset : NULL;
	int64_t written[2] = { 0 };
	int outs[2], count = o_outs(scene);

	MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	if (o_needs_network(scene))
		MUST(t_own_network());
	for (int i = 0; i < count; i++) {
		takers[i] = (struct o_taker){ .scene = scene, .index = i, .kind = scene->out, .takes = scene->takes };
		if (i != o_the_output(scene)) {
			takers[i].takes = O_ROOM;
			takers[i].kind = o_always_fails(scene->out) ? O_OUT_NULL : scene->out;
		}
		o_open_out(&takers[i]);
		outs[i] = takers[i].fd;
	}
	o_open_in(&giver);
	(void)t_null();
	errno = 0x5a5a;
	outcome.returned = way == O_OURS ? o_ours(scene, giver.fd, off_in, outs, &result, written)
		: o_plain(giver.fd, off_in, outs, count, o_asked(scene), way, &result, written);
	outcome.error = outcome.returned < 0 ? errno : 0;
	outcome.errno_kept = outcome.returned < 0 || errno == 0x5a5a;
	o_set(&o_shared->returned, 1);
	outcome.sigpipe = o_sigpipes;
	outcome.bytes = result.bytes;
	outcome.in_flight = result.in_flight;
	outcome.result_error = result.error;
	outcome.position[0] = scene->in == O_IN_OFFSET ? offset - O_AT + lseek(giver.fd, 0, SEEK_CUR)
		: o_seeks(scene->in) ? lseek(giver.fd, 0, SEEK_CUR) - (scene->in == O_IN_FILE_AT ? O_AT : 0) : 0;
	outcome.position[1] = scene->out == O_OUT_FILE ? lseek(outs[0], 0, SEEK_CUR) : 0;
	o_set(&o_shared->over, 1);
	outcome.left = o_close_in(&giver);
	for (int i = 0; i < count; i++)
		o_close_out(&takers[i], &outcome, written[i]);
	o_shared->outcome = outcome;
	_exit(t_failures ? 99 : 0);
}

/* ---- Watching it ---- */

/* Whether the process sleeps, and how often its main thread has gone to sleep so far. */
static inline int o_sleeps(pid_t child, long *often)
{
	char name[64], text[4096], *at;
	int fd, sleeps;
	ssize_t n;

	snprintf(name, sizeof name, "/proc/%d/status", (int)child);
	if ((fd = open(name, O_RDONLY)) < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	MUST(close(fd) == 0);
	text[n > 0 ? n : 0] = 0;
	sleeps = (at = strstr(text, "State:\t")) && strchr("SD", at[7]);
	*often = (at = strstr(text, "\nvoluntary_ctxt_switches:")) ? strtol(at + 25, NULL, 10) : 0;
	return sleeps;
}

#define O_LOOK_MS 8
#define O_LOOKS 4

/* Plays the scene. One that does nothing for a few looks waits, and with `patience_ms` one that is not done by
 * then: a pause of the kernel's, or of another process, is no wait. */
static inline struct o_outcome o_play(const struct o_scene *scene, size_t way, int patience_ms)
{
	struct pollfd done = { .events = POLLIN };
	struct o_outcome outcome;
	int64_t end, moved, before = -1;
	int fds[2], status, quiet = 0, waits = 0;
	long often = 0, earlier = -1;
	pid_t child;

	memset(o_shared, 0, sizeof *o_shared);
	MUST(pipe2(fds, O_CLOEXEC) == 0);
	MUST((child = fork()) >= 0);
	if (child == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		o_child(scene, way);
	}
	MUST(close(fds[1]) == 0);
	done.fd = fds[0];
	end = t_now_ms() + (patience_ms ? patience_ms : 2000) * t_slower();
	while (!waits && poll(&done, 1, patience_ms ? 5 * O_LOOK_MS : O_LOOK_MS) == 0) {
		moved = o_get(&o_shared->given) + o_get(&o_shared->got[0]) + o_get(&o_shared->got[1]);
		if (!patience_ms && o_sleeps(child, &often) && !o_flag(&o_shared->busy) && often == earlier && moved == before
		    && !o_flag(&o_shared->returned))
			quiet++;
		else
			quiet = 0;
		earlier = often;
		before = moved;
		waits = (!patience_ms && quiet >= O_LOOKS)
			|| (t_now_ms() > end && !o_flag(&o_shared->returned)) || t_now_ms() > end + 5000 * t_slower();
	}
	if (waits)
		MUST(kill(child, SIGKILL) == 0);
	MUST(waitpid(child, &status, 0) == child && close(fds[0]) == 0);
	if (waits && !o_flag(&o_shared->returned))
		return (struct o_outcome){ .waits = 1, .got = { o_get(&o_shared->got[0]), o_get(&o_shared->got[1]) } };
	outcome = o_shared->outcome;
	outcome.killed = waits ? SIGKILL : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	return outcome;
}

#endif
