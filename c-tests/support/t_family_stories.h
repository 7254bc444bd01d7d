/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What every engine has to do over a stream socket of any family. After t.h, t_result.h, t_copy.h, t_engines.h and
 * t_family.h. */
#ifndef T_FAMILY_STORIES_H
#define T_FAMILY_STORIES_H

#define T_FAMILY_LEN (((size_t)1 << 18) + 77)
/* What the buffers of no connection hold. */
#define T_FAMILY_MUCH ((size_t)64 << 20)

/* Reads the pattern until the end. */
struct t_far {
	int fd;
	size_t got;
	int right;
	pthread_t thread;
};

static inline void *t_far_run(void *argument)
{
	struct t_far *far = argument;

	far->got = t_read_pattern(far->fd, &far->right);
	return NULL;
}

static inline void t_far_start(struct t_far *far, int fd)
{
	*far = (struct t_far){ .fd = fd };
	far->thread = t_thread(t_far_run, far);
}

static inline size_t t_far_got(struct t_far *far)
{
	t_join(far->thread);
	return far->right ? far->got : SIZE_MAX;
}

/* Writes the pattern, and then ends the stream. */
struct t_giver {
	int fd;
	size_t len;
};

static inline void *t_giver_run(void *argument)
{
	struct t_giver *giver = argument;

	t_write_pattern(giver->fd, giver->len);
	MUST(shutdown(giver->fd, SHUT_WR) == 0);
	return NULL;
}

static const uint32_t t_family_avoids[] = { 0, ZS_VIA_SENDFILE, ZS_VIA_SENDFILE | ZS_VIA_SPLICE, ZS_VIA_READ_WRITE };

/* From a file, or from another socket. */
static inline void t_engine_writes(enum t_engine engine, enum t_family family, int nonblock, uint32_t avoid,
				   uint32_t flags)
{
	struct zs_options options = { .size = sizeof options, .avoid = avoid, .flags = flags };
	struct zs_result result = t_unwritten();
	int in = t_file(T_FAMILY_LEN), out[2];
	struct t_far far;

	t_scene("%s writes, %s, O_NONBLOCK %d, avoid %#x, flags %#x", t_engine_name(engine), t_family_name(family),
		nonblock, avoid, flags);
	t_family(family, out, nonblock);
	t_far_start(&far, out[1]);
	T_EQ(t_engine(engine, in, NULL, out[0], ZS_TO_END, &options, &result), (int64_t)T_FAMILY_LEN);
	(void)shutdown(out[0], SHUT_WR);
	T_EQ(t_far_got(&far), T_FAMILY_LEN);
	t_close2(out);
	MUST(close(in) == 0);
}

static inline void t_engine_reads(enum t_engine engine, enum t_family family, int nonblock, uint32_t avoid)
{
	struct zs_options options = { .size = sizeof options, .avoid = avoid };
	struct zs_result result = t_unwritten();
	int out = t_file(0), in[2];
	struct t_giver giver;
	pthread_t thread;

	t_scene("%s reads, %s, O_NONBLOCK %d, avoid %#x", t_engine_name(engine), t_family_name(family), nonblock, avoid);
	t_family(family, in, nonblock);
	giver = (struct t_giver){ in[1], T_FAMILY_LEN };
	thread = t_thread(t_giver_run, &giver);
	T_EQ(t_engine(engine, in[0], NULL, out, ZS_TO_END, &options, &result), (int64_t)T_FAMILY_LEN);
	OK(t_size(out) == (int64_t)T_FAMILY_LEN && t_has_pattern(out, 0, T_FAMILY_LEN, 0));
	t_join(thread);
	t_close2(in);
	MUST(close(out) == 0);
}

/* From one socket to another. */
static inline void t_engine_joins(enum t_engine engine, enum t_family from, enum t_family to, int nonblock)
{
	struct zs_result result = t_unwritten();
	int in[2], out[2];
	struct t_giver giver;
	struct t_far far;
	pthread_t thread;

	t_scene("%s from %s to %s, O_NONBLOCK %d", t_engine_name(engine), t_family_name(from), t_family_name(to),
		nonblock);
	t_family(from, in, nonblock);
	t_family(to, out, nonblock);
	t_far_start(&far, out[1]);
	giver = (struct t_giver){ in[1], T_FAMILY_LEN };
	thread = t_thread(t_giver_run, &giver);
	T_EQ(t_engine(engine, in[0], NULL, out[0], ZS_TO_END, NULL, &result), (int64_t)T_FAMILY_LEN);
	(void)shutdown(out[0], SHUT_WR);
	T_EQ(t_far_got(&far), T_FAMILY_LEN);
	t_join(thread);
	t_close2(in);
	t_close2(out);
}

static inline void t_family_fans_out(enum t_family family)
{
	struct zs_result results[3];
	int in[2], out[2], file = t_file(0), ends[2], fds[3];
	struct t_giver giver;
	struct t_far far, reader;
	pthread_t thread;

	t_scene("zs_fanout from %s to the same, a file and a pipe", t_family_name(family));
	t_family(family, in, 0);
	t_family(family, out, 0);
	MUST(pipe(ends) == 0);
	t_far_start(&far, out[1]);
	t_far_start(&reader, ends[0]);
	giver = (struct t_giver){ in[1], T_FAMILY_LEN };
	thread = t_thread(t_giver_run, &giver);
	fds[0] = out[0];
	fds[1] = file;
	fds[2] = ends[1];
	T_EQ(zs_fanout(in[0], NULL, fds, 3, ZS_TO_END, NULL, results), (int64_t)T_FAMILY_LEN);
	MUST(shutdown(out[0], SHUT_WR) == 0 && close(ends[1]) == 0);
	T_EQ(t_far_got(&far), T_FAMILY_LEN);
	T_EQ(t_far_got(&reader), T_FAMILY_LEN);
	OK(t_size(file) == (int64_t)T_FAMILY_LEN && t_has_pattern(file, 0, T_FAMILY_LEN, 0));
	t_join(thread);
	t_close2(in);
	t_close2(out);
	MUST(close(ends[0]) == 0 && close(file) == 0);
}

/* A server that reads only after it has sent all. */
struct t_server {
	struct t_giver giver;
	struct t_far far;
};

static inline void *t_server_run(void *argument)
{
	struct t_server *server = argument;

	t_giver_run(&server->giver);
	return t_far_run(&server->far);
}

/* zs_bridge, or a duplex in a loop of poll(2). */
static inline int t_join_sides(int a, int b, int is_duplex)
{
	struct zs_options options = { .size = sizeof options, .timeout_ns = T_MS(60000) * t_slower() };
	struct zs_result results[2];
	zs_duplex *duplex;
	int status;

	if (!is_duplex)
		return zs_bridge(a, a, b, b, &options, results);
	MUST((duplex = zs_duplex_new(a, b, NULL, 0)) != NULL);
	while ((status = zs_duplex_run(duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0)) > 0) {
		unsigned int events[2];

		zs_duplex_wants(duplex, &events[0], &events[1]);
		if (status != ZS_WANT_RUN)
			MUST(poll((struct pollfd[2]){ { events[0] ? a : -1, (short)events[0], 0 },
						      { events[1] ? b : -1, (short)events[1], 0 } }, 2, -1) > 0);
	}
	zs_duplex_free(duplex);
	return status;
}

/* The client sends and receives at once, so the server's answer has to get through before the request is read. */
static inline void t_family_answers_early(enum t_family family, int nonblock, int is_duplex)
{
	const size_t len = 4 * T_FAMILY_LEN;
	int client[2], near[2];
	struct t_giver asks;
	struct t_far heard;
	struct t_server server;
	pthread_t asking, serving;

	t_scene("%s between AF_UNIX and %s, O_NONBLOCK %d", is_duplex ? "zs_duplex" : "zs_bridge", t_family_name(family),
		nonblock);
	t_family(T_UNIX, client, nonblock);
	t_family(family, near, nonblock);
	asks = (struct t_giver){ client[1], len };
	server = (struct t_server){ { near[1], len }, { .fd = near[1] } };
	t_far_start(&heard, client[1]);
	asking = t_thread(t_giver_run, &asks);
	serving = t_thread(t_server_run, &server);
	T_EQ(t_join_sides(client[0], near[0], is_duplex), 0);
	t_join(asking);
	t_join(serving);
	T_EQ(t_far_got(&heard), len);
	OK(server.far.right && server.far.got == len);
	t_close2(client);
	t_close2(near);
}

/* Nobody reads, and then a limit of time or a descriptor ends it: what was counted is what arrives. */
static inline void t_engine_ends_at_a_full_output(enum t_engine engine, enum t_family family, int nonblock, int cancel)
{
	struct zs_options options = { .size = sizeof options };
	struct zs_result result = t_unwritten();
	int in = t_file(0), out[2], told[2];
	struct t_later later = { .ms = 100, .write = "x" };
	int64_t start = t_now_ms();
	pthread_t thread = pthread_self();
	struct t_far far;

	t_scene("%s ends, %s is full, O_NONBLOCK %d, %s", t_engine_name(engine), t_family_name(family), nonblock,
		cancel ? "cancelled" : "timeout");
	MUST(ftruncate(in, (off_t)T_FAMILY_MUCH) == 0 && pipe(told) == 0);
	t_family(family, out, nonblock);
	later.fd = told[1];
	if (cancel) {
		options.flags = ZS_CANCEL_FD;
		options.cancel_fd = told[0];
		thread = t_later(&later);
	} else {
		options.timeout_ns = T_MS(300);
	}
	T_EQ(t_engine(engine, in, NULL, out[0], ZS_TO_END, &options, &result), -1);
	T_EQ(errno, cancel ? ECANCELED : ETIMEDOUT);
	/* Each ends exactly in time elsewhere; here it ends at all. */
	OK(t_now_ms() - start < 10000 * t_slower());
	if (cancel)
		t_join(thread);
	MUST(shutdown(out[0], SHUT_WR) == 0);
	t_far_start(&far, out[1]);
	t_join(far.thread);
	T_EQ(far.got, result.bytes);
	t_close2(out);
	t_close2(told);
	MUST(close(in) == 0);
}

static inline void t_heard_sigpipe(int signal)
{
	static const char message[] = "SIGPIPE; case: ";

	(void)signal;
	(void)!write(2, message, sizeof message - 1);
	(void)!write(2, t_scene_text, strlen(t_scene_text));
	(void)!write(2, "\n", 1);
	t_failures++;
}

/* The peer has gone, and no SIGPIPE comes. */
static inline void t_engine_ends_without_a_peer(enum t_engine engine, enum t_family family, int nonblock,
						uint32_t avoid)
{
	struct zs_options options = { .size = sizeof options, .flags = ZS_NOSIGPIPE, .avoid = avoid,
				      .timeout_ns = t_family_tells(family) ? T_MS(10000) * t_slower() : T_MS(200) };
	struct zs_result result = t_unwritten();
	size_t len = t_family_tells(family) ? (size_t)1 << 20 : T_FAMILY_MUCH;
	int in = t_file(0), out[2], error;
	int64_t rc;

	t_scene("%s, the peer of %s has gone, O_NONBLOCK %d, avoid %#x", t_engine_name(engine), t_family_name(family),
		nonblock, avoid);
	MUST(ftruncate(in, (off_t)len) == 0);
	t_family(family, out, nonblock);
	MUST(signal(SIGPIPE, t_heard_sigpipe) != SIG_ERR && close(out[1]) == 0);
	t_sleep_ms(50);
	rc = t_engine(engine, in, NULL, out[0], ZS_TO_END, &options, &result);
	error = errno;
	if (rc != (int64_t)len || engine != T_BY_FANOUT || !t_family_takes_for_nobody(family)) {
		T_EQ(rc, -1);
		OK(error == EPIPE || error == ECONNRESET || (error == ETIMEDOUT && !t_family_tells(family)));
		OK(result.bytes < len || t_family_takes_for_nobody(family));
		OK(result.side == ZS_SIDE_OUT || error == ETIMEDOUT);
	}
	/* kTLS raises it in close(2), too, for a record that was not sent. */
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR && close(out[0]) == 0 && close(in) == 0);
}

static inline void t_family_carries(enum t_family family)
{
	static const int many = sizeof t_family_avoids / sizeof *t_family_avoids;

	for (int nonblock = 0; nonblock < 2; nonblock++)
		for (int i = 0; i < many; i++) {
			t_engine_writes(T_BY_COPY, family, nonblock, t_family_avoids[i], 0);
			t_engine_reads(T_BY_COPY, family, nonblock, t_family_avoids[i]);
		}
	t_engine_writes(T_BY_COPY, family, 0, 0, ZS_STABLE);
	for (int engine = 0; engine < T_ENGINES; engine++) {
		t_engine_writes((enum t_engine)engine, family, 1, 0, 0);
		t_engine_reads((enum t_engine)engine, family, 1, 0);
		t_engine_joins((enum t_engine)engine, family, family, 1);
		t_engine_joins((enum t_engine)engine, T_TCP, family, 1);
		t_engine_joins((enum t_engine)engine, family, T_TCP, 1);
	}
	t_family_fans_out(family);
	for (int nonblock = 0; nonblock < 2 && t_family_half_closes(family); nonblock++)
		for (int is_duplex = 0; is_duplex <= nonblock; is_duplex++)
			t_family_answers_early(family, nonblock, is_duplex);
}

static inline void t_family_ends(enum t_family family)
{
	static const enum t_engine engines[] = { T_BY_COPY, T_BY_FANOUT, T_BY_BRIDGE };

	for (int nonblock = 0; nonblock < 2; nonblock++)
		for (int i = 0; i < 3; i++)
			for (int cancel = 0; cancel < 2; cancel++)
				t_engine_ends_at_a_full_output(engines[i], family, nonblock, cancel);
}

/* A relay takes O_NONBLOCK sockets only, and has no limit of time. */
static inline int t_can_end(enum t_family family, int engine, int nonblock)
{
	return engine != T_BY_RELAY || (nonblock && t_family_tells(family));
}

static inline void t_family_dies(void *argument)
{
	enum t_family family = *(enum t_family *)argument;

	for (int nonblock = 0; nonblock < 2; nonblock++)
		for (int engine = 0; engine < T_ENGINES; engine++)
			for (int i = 0; i < 3 && t_can_end(family, engine, nonblock); i++)
				t_engine_ends_without_a_peer((enum t_engine)engine, family, nonblock, t_family_avoids[i]);
}

/* Everything, for the main of a program. */
static inline void t_family_stories(enum t_family family)
{
	t_need_family(family);
	t_family_carries(family);
	t_family_ends(family);
	T_CHILD(t_family_dies, &family);
}

#endif
