/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file or a disk that is read from its own position, wherever that is, ends with its last byte: into a blocking
 * pipe with room for exactly that, zs_copy does not wait for more room to find out. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define ROOM (16 * T_PAGE)

static void from(int in, int64_t position, uint64_t len, struct zs_options options)
{
	struct zs_result result;
	int fds[2];

	MUST(pipe(fds) == 0 && fcntl(fds[1], F_GETPIPE_SZ) == ROOM);
	MUST(lseek(in, position, SEEK_SET) == position);
	options.size = sizeof options;
	T_EQ(zs_copy(in, NULL, fds[1], NULL, len, &options, &result), ROOM);
	T_EQ(t_position(in), position + ROOM);
	T_EQ(t_bytes_available(fds[0]), ROOM);
	/* At its end, and the pipe full. */
	T_EQ(zs_copy(in, NULL, fds[1], NULL, len, &options, &result), 0);
	t_close2(fds);
}

static void one(int64_t position, uint64_t len, struct zs_options options)
{
	int in = t_file((size_t)position + ROOM);

	from(in, position, len, options);
	MUST(close(in) == 0);
}

int main(void)
{
	char name[32];
	int disk;

	one(0, ZS_TO_END, (struct zs_options){ 0 });
	one(9 * T_PAGE, ZS_TO_END, (struct zs_options){ 0 });
	one(9 * T_PAGE, 100 * T_PAGE, (struct zs_options){ 0 });
	one(1000 * T_PAGE, ZS_TO_END, (struct zs_options){ .timeout_ns = T_MS(10000) });
	if ((disk = t_loop("image", 1, name, sizeof name)) < 0)
		t_skip("no loop devices here");
	from(disk, (1 << 20) - ROOM, ZS_TO_END, (struct zs_options){ 0 });
	from(disk, (1 << 20) - ROOM, ZS_TO_END, (struct zs_options){ .timeout_ns = T_MS(10000) });
	MUST(close(disk) == 0 && unlink("image") == 0);
	return t_done();
}
