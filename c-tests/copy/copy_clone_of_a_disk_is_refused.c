/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The blocks of a disk cannot be shared: ZS_CLONE from or to one fails with the kernel's error, and nothing is
 * written. Without the flag it is copied. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN 200000

int main(void)
{
	struct zs_result result = t_unwritten();
	int disk, file = t_file(0);
	char device[64];

	disk = t_loop("disk", 1, device, sizeof device);
	if (disk < 0)
		t_skip("there is no loop device here");
	MUST(unlink("disk") == 0);
	t_put_pattern(disk, 0, LEN, 0);

	T_EQ(T_COPY(disk, NULL, file, NULL, LEN, &result, .flags = ZS_CLONE), -1);
	OK(errno == EINVAL || errno == EXDEV || errno == EOPNOTSUPP);
	OK(T_IS(result, .side = result.side, .error = errno, .refused = ZS_VIA_CLONE, .refusal = errno));
	OK(t_size(file) == 0 && t_position(disk) == 0 && t_position(file) == 0);

	if (T_EQ(zs_copy(disk, NULL, file, NULL, LEN, NULL, &result), LEN))
		OK(t_has_pattern(file, 0, LEN, 0));

	MUST(lseek(disk, 0, SEEK_SET) == 0 && lseek(file, 0, SEEK_SET) == 0);
	t_put_pattern(file, 0, LEN, 5);
	T_EQ(T_COPY(file, NULL, disk, NULL, LEN, &result, .flags = ZS_CLONE), -1);
	OK(errno == EINVAL || errno == EXDEV || errno == EOPNOTSUPP || errno == ENOTTY);
	OK(T_IS(result, .side = result.side, .error = errno, .refused = ZS_VIA_CLONE, .refusal = errno));
	OK(t_has_pattern(disk, 0, LEN, 0) && t_position(disk) == 0 && t_position(file) == 0);
	return t_done();
}
