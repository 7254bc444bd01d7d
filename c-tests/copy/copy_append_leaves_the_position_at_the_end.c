/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The position of an O_APPEND output is after what was appended, as after write(2), wherever it was before and
 * whichever mechanisms were tried. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 200000

int main(void)
{
	static const int positions[] = { 0, 632, 4096 };

	for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
		int in = t_file(LEN), file = t_file(5000), out = t_reopen(file, O_RDWR | O_APPEND);
		struct zs_result result = t_unwritten();

		MUST(lseek(out, positions[i], SEEK_SET) == positions[i]);
		T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), LEN);
		T_EQ(lseek(in, 0, SEEK_CUR), LEN);
		T_EQ(lseek(out, 0, SEEK_CUR), 5000 + LEN);
		T_EQ(lseek(out, 0, SEEK_END), 5000 + LEN);
		MUST(close(in) == 0 && close(file) == 0 && close(out) == 0);
	}
	return t_done();
}
