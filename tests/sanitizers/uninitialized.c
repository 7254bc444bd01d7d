/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library reads options that nobody has written. */
/* memcheck: uninitialised value */
#include <zsplice.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	struct zs_options *options = malloc(sizeof *options);
	int in[2], out[2];

	if (!options || pipe(in) != 0 || pipe(out) != 0 || write(in[1], "some", 4) != 4)
		return 0;
	options->size = sizeof *options;
	if (zs_copy(in[0], NULL, out[1], NULL, 4, options, NULL) == 4)
		free(options);
	return 0;
}
