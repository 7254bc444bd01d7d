/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library writes a result behind the end of what the program has for it. */
/* address: heap-buffer-overflow */
/* memcheck: Invalid write of size */
#include <zsplice.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	struct zs_result *result = malloc(sizeof *result - 8);
	int in[2], out[2];

	if (!result || pipe(in) != 0 || pipe(out) != 0 || write(in[1], "some", 4) != 4)
		return 0;
	if (zs_copy(in[0], NULL, out[1], NULL, 4, NULL, result) != 4)
		return 0;
	free(result);
	return 0;
}
