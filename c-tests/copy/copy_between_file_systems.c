/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files on overlay and squashfs, a block device, and files on tmpfs are copied to each other: same bytes, same
 * count, and a block device ends at its size. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN 300001
#define DEVICE ((int64_t)1 << 20)

static void copied(int in, int out, struct zs_options options, int64_t len)
{
	struct zs_result result;
	int64_t off_in = 0, off_out = 0;

	if (!T_EQ(zs_copy(in, &off_in, out, &off_out, ZS_TO_END, &options, &result), len))
		fprintf(stderr, "... errno %s bytes %llu via %s side %s\n", t_errno_name(errno),
			(unsigned long long)result.bytes, t_via_words(result.via), t_side_word(result.side));
	T_EQ(off_in, len);
	T_EQ(off_out, len);
	T_EQ(result.bytes, (uint64_t)len);
	OK(t_has_pattern(out, 0, LEN, 0));
}

int main(void)
{
	static const struct zs_options options[] = {
		{ 0 }, { .flags = ZS_NO_CLONE }, { .timeout_ns = T_MS(60000) }, { .flags = ZS_FILL_HOLES },
		{ .avoid = T_ALL_VIA & ~ZS_VIA_READ_WRITE }, { .avoid = ZS_VIA_READ_WRITE },
	};
	char device[64];
	int plain = t_file(LEN), loop, layered, squashed = -1;

	t_own_mounts();
	MUST(t_mount("base", "tmpfs", NULL));
	MUST(mkdir("base/lower", 0700) == 0 && mkdir("base/upper", 0700) == 0 && mkdir("base/work", 0700) == 0);
	layered = t_new("base/lower/in");
	t_put_pattern(layered, 0, LEN, 0);
	MUST(close(layered) == 0);
	if (!t_mount("overlay", "overlay", "lowerdir=base/lower,upperdir=base/upper,workdir=base/work"))
		t_skip("overlay cannot be mounted here");
	MUST((layered = open("overlay/in", O_RDONLY)) >= 0);
	loop = t_loop("image", 1, device, sizeof device);
	if (loop < 0)
		t_skip("there is no loop device here");
	MUST(unlink("image") == 0);
	if (t_run((char *[]){ "mksquashfs", "base/lower", "squash.image", "-quiet", NULL }) == 0) {
		char other[64];
		int image = t_loop("squash.image", 1, other, sizeof other);

		MUST(image >= 0 && mkdir("squash", 0700) == 0 && unlink("squash.image") == 0);
		if (mount(other, "squash", "squashfs", MS_RDONLY, NULL) == 0)
			MUST((squashed = open("squash/in", O_RDONLY)) >= 0);
		MUST(close(image) == 0);
	}
	for (int i = 0; i < 6; i++) {
		int ins[] = { plain, layered, squashed, loop };

		for (int from = 0; from < 4; from++) {
			int outs[] = { t_new_in("base"), t_new_in("overlay"), t_new_in("."), loop };

			for (int to = 0; to < 4; to++)
				if (ins[from] >= 0 && ins[from] != outs[to])
					copied(ins[from], outs[to], options[i], from == 3 ? DEVICE : LEN);
			for (int to = 0; to < 3; to++)
				MUST(close(outs[to]) == 0);
		}
	}

	/* A device is full at its end. */
	{
		struct zs_result result;
		int zero = open("/dev/zero", O_RDONLY);
		int64_t off = DEVICE - 10000;

		MUST(zero >= 0);
		T_EQ(zs_copy(zero, NULL, loop, &off, 20000, NULL, &result), -1);
		T_EQ(errno, ENOSPC);
		T_EQ(result.bytes, 10000);
		T_EQ(off, DEVICE);
		T_EQ(result.side, ZS_SIDE_OUT);
		MUST(lseek(plain, 0, SEEK_SET) == 0);
		off = DEVICE - 10000;
		T_EQ(zs_copy(plain, NULL, loop, &off, ZS_TO_END, NULL, &result), -1);
		T_EQ(errno, ENOSPC);
		if (T_EQ(result.bytes, 10000) && T_EQ(off, DEVICE))
			T_EQ(t_position(plain), 10000);
		T_EQ(result.in_flight, 0);
		T_EQ(result.side, ZS_SIDE_OUT);
		OK(t_has_pattern(loop, DEVICE - 10000, 10000, 0));
	}
	return t_done();
}
