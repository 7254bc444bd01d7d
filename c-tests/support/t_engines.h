/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every engine behind one signature: from one input to one output. After t.h. */
#ifndef T_ENGINES_H
#define T_ENGINES_H

enum t_engine { T_BY_COPY, T_BY_FANOUT, T_BY_RELAY, T_BY_BRIDGE, T_ENGINES };

static inline const char *t_engine_name(enum t_engine engine)
{
	return engine == T_BY_COPY ? "zs_copy" : engine == T_BY_FANOUT ? "zs_fanout"
		: engine == T_BY_RELAY ? "zs_relay" : "zs_bridge";
}

/* /dev/null, opened once: a test may forbid it later. */
static inline int t_null(void)
{
	static int null = -1;

	if (null < 0)
		MUST((null = open("/dev/null", O_RDWR | O_NONBLOCK | O_CLOEXEC)) >= 0);
	return null;
}

/* A relay, driven by poll(2). */
static inline int64_t t_by_relay(int in, int out, uint64_t len, unsigned int flags, struct zs_result *result)
{
	zs_relay *relay = zs_relay_new(in, out, len, NULL, flags);
	int wants, error;

	if (!relay) {
		*result = (struct zs_result){ .error = errno };
		return -1;
	}
	while ((wants = zs_relay_run(relay, 0)) > 0) {
		struct pollfd fds[2] = { { wants & ZS_WANT_READ ? in : -1, POLLIN, 0 },
					 { wants & ZS_WANT_WRITE ? out : -1, POLLOUT, 0 } };

		if (!(wants & ZS_WANT_RUN))
			MUST(poll(fds, 2, -1) >= 0 || errno == EINTR);
	}
	error = errno;
	zs_relay_result(relay, result);
	zs_relay_free(relay);
	errno = error;
	return wants < 0 ? -1 : (int64_t)result->bytes;
}

/* One direction of a bridge; the other one has ended from the start. */
static inline int64_t t_by_bridge(int in, int out, const struct zs_options *options, struct zs_result *result)
{
	struct zs_result results[2];
	int null = t_null(), rc = zs_bridge(in, null, null, out, options, results);

	*result = results[0];
	return rc < 0 ? -1 : (int64_t)results[0].bytes;
}

/* A relay and a bridge have no offset; a relay takes the flags of the options only, a bridge no length. */
static inline int64_t t_engine(enum t_engine engine, int in, int64_t *off_in, int out, uint64_t len,
			       const struct zs_options *options, struct zs_result *result)
{
	if (engine == T_BY_COPY)
		return zs_copy(in, off_in, out, NULL, len, options, result);
	if (engine == T_BY_FANOUT)
		return zs_fanout(in, off_in, &out, 1, len, options, result);
	if (engine == T_BY_RELAY)
		return t_by_relay(in, out, len, options ? options->flags : 0, result);
	return t_by_bridge(in, out, options, result);
}

#endif
