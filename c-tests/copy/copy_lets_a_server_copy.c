/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* On a file system whose server can copy, the whole range goes to copy_file_range(2), with or without limits:
 * no byte of it is read or written on this machine. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_fuse.h"

static void copied(struct t_fuse *fuse, uint64_t len, int with, struct zs_options options)
{
	struct zs_result result;
	int in, out;
	int64_t off_in = 0, off_out = 0, moved = len < T_FUSE_LEN ? (int64_t)len : (int64_t)T_FUSE_LEN;

	t_fuse_open(fuse, &in, &out);
	T_EQ(zs_copy(in, with ? &off_in : NULL, out, with ? &off_out : NULL, len, &options, &result), moved);
	/* Linux before 5.19 makes one more read. */
	if (!OK(fuse->reads <= t_kernel_is_older(5, 19) && fuse->writes == 0 && fuse->copied == (uint64_t)moved) |
	    !OK(result.via == ZS_VIA_COPY_RANGE && result.copied == 0 && result.bytes == (uint64_t)moved))
		fprintf(stderr, "... len %llu with %d: %d reads, %d writes, %d copies of %llu bytes, via %s\n",
			(unsigned long long)len, with, fuse->reads, fuse->writes, fuse->copies,
			(unsigned long long)fuse->copied, t_via_words(result.via));
	T_EQ(memcmp(fuse->bytes[T_FUSE_IN], fuse->bytes[T_FUSE_OUT], (size_t)moved), 0);
	T_EQ(fuse->size[T_FUSE_OUT], (uint64_t)moved);
	if (T_EQ(with ? off_out : t_position(out), moved))
		T_EQ(with ? off_in : t_position(in), moved);
	MUST(close(in) == 0 && close(out) == 0);
}

static int told(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	return 0;
}

int main(void)
{
	struct t_fuse *fuse;

	t_own_mounts();
	fuse = t_fuse();
	for (int with = 0; with < 2; with++) {
		copied(fuse, ZS_TO_END, with, (struct zs_options){ 0 });
		copied(fuse, T_FUSE_LEN, with, (struct zs_options){ 0 });
		copied(fuse, 700001, with, (struct zs_options){ 0 });
		copied(fuse, ZS_TO_END, with, (struct zs_options){ .timeout_ns = T_MS(10000) });
		copied(fuse, ZS_TO_END, with, (struct zs_options){ .progress = told });
		copied(fuse, ZS_TO_END, with, (struct zs_options){ .flags = ZS_STABLE });
	}
	MUST(umount2("fuse", MNT_DETACH) == 0);
	return t_done();
}
