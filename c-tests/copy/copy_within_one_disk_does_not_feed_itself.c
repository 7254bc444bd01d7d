/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Within one block device, by any descriptors, ranges that overlap are EINVAL before a byte is written, and so
 * is a copy that would never end. Ranges that do not overlap are copied. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN 300000

static int disk, again;

static void refused(int64_t from, int64_t to, uint64_t len)
{
	struct zs_result result = t_unwritten();
	int64_t off_in = from, off_out = to;

	t_scene("from %lld to %lld", (long long)from, (long long)to);
	T_EQ(zs_copy(disk, &off_in, again, &off_out, len, NULL, &result), -1);
	T_EQ(errno, EINVAL);
	T_EQ(result.bytes, 0);
	T_EQ(result.error, EINVAL);
	T_EQ(off_in, from);
	T_EQ(off_out, to);
	OK(t_has_pattern(disk, 0, LEN, 0));
}

int main(void)
{
	char device[64];
	int64_t off_in = 0, off_out = LEN;

	disk = t_loop("disk", 1, device, sizeof device);
	if (disk < 0)
		t_skip("there is no loop device here");
	MUST(unlink("disk") == 0 && (again = open(device, O_RDWR | O_CLOEXEC)) >= 0);
	t_put_pattern(disk, 0, LEN, 0);

	refused(0, 100, 101);
	refused(100, 0, 101);
	refused(0, 0, 1);
	refused(0, 65536, 100000);
	refused(0, 65536, ZS_TO_END);
	refused(65536, 0, ZS_TO_END);
	T_EQ(zs_copy(disk, &off_in, again, &off_out, LEN, NULL, NULL), LEN);
	T_EQ(off_in, LEN);
	T_EQ(off_out, 2 * LEN);
	OK(t_has_pattern(disk, 0, LEN, 0) && t_has_pattern(disk, LEN, LEN, 0));
	return t_done();
}
