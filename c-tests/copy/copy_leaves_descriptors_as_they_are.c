/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After a success and after a failure the descriptors are open with the flags they had, and no other is open. A
 * program that is started meanwhile inherits no descriptor of the library. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int inherited;

/* In the middle of a copy: which descriptors a program would inherit. */
static int look(void *context, const struct zs_result *so_far)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	(void)so_far;
	MUST(folder != NULL);
	while ((entry = readdir(folder)) != NULL) {
		int fd = atoi(entry->d_name);

		if (fd > *(int *)context && fd != dirfd(folder))
			inherited |= !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	MUST(closedir(folder) == 0);
	return 0;
}

static void copied(enum t_place from, enum t_place to, int nonblock, struct zs_options options)
{
	int before = t_open_descriptors(), last;
	struct t_pair *pair = t_pair(from, to);
	int in_flags, out_flags, in_own, out_own;

	t_nonblock(pair->in, nonblock & 1);
	t_nonblock(pair->out, nonblock >> 1);
	MUST(fcntl(pair->in, F_SETFD, nonblock & 1 ? FD_CLOEXEC : 0) == 0);
	in_flags = fcntl(pair->in, F_GETFL);
	out_flags = fcntl(pair->out, F_GETFL);
	in_own = fcntl(pair->in, F_GETFD);
	out_own = fcntl(pair->out, F_GETFD);
	last = pair->far_out > pair->far_in ? pair->far_out : pair->far_in;
	last = pair->out > last ? pair->out : last;
	last = pair->in > last ? pair->in : last;
	if (options.size) {
		options.progress = look;
		options.context = &last;
	}
	T_EQ(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, &options, NULL), T_PAIR_LEN);
	if (T_EQ(fcntl(pair->in, F_GETFL), in_flags))
		T_EQ(fcntl(pair->in, F_GETFD), in_own);
	if (T_EQ(fcntl(pair->out, F_GETFL), out_flags))
		T_EQ(fcntl(pair->out, F_GETFD), out_own);
	OK(t_pair_whole(pair));
	T_EQ(t_open_descriptors(), before);
}

static void failed(enum t_place from, enum t_stream to, uint32_t avoid)
{
	int before = t_open_descriptors(), out[2];
	struct t_pair *pair = t_pair(from, T_AT_FILE);

	t_stream(to, out);
	t_fill_stream(to, out);
	T_EQ(T_COPY(pair->in, NULL, out[1], NULL, ZS_TO_END, NULL, .timeout_ns = T_MS(5), .avoid = avoid), -1);
	T_EQ(errno, ETIMEDOUT);
	MUST(close(out[0]) == 0);
	T_EQ(T_COPY(pair->in, NULL, out[1], NULL, ZS_TO_END, NULL, .avoid = avoid), -1);
	OK(fcntl(out[1], F_GETFL) != -1);
	MUST(close(out[1]) == 0);
	OK(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, NULL) > 0);
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	MUST(ftruncate(pair->out, T_PAIR_LEN) == 0);
	OK(t_pair_whole(pair));
	T_EQ(t_open_descriptors(), before);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (int fd = 3; fd < 1024; fd++)
		(void)close(fd); /* those that this program was started with */
	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++)
			for (int nonblock = 0; nonblock < 4; nonblock++) {
				copied((enum t_place)from, (enum t_place)to, nonblock, (struct zs_options){ 0 });
				copied((enum t_place)from, (enum t_place)to, nonblock, (struct zs_options){
					.size = sizeof(struct zs_options), .flags = ZS_NO_CLONE,
					.avoid = ZS_VIA_SENDFILE });
			}
	for (int from = 0; from < T_PLACES; from++)
		for (int to = T_A_PIPE; to <= T_A_UNIX; to++) {
			failed((enum t_place)from, (enum t_stream)to, 0);
			failed((enum t_place)from, (enum t_stream)to, ZS_VIA_SENDFILE);
		}
	OK(!inherited);
	return t_done();
}
