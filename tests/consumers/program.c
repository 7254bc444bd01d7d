/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A user's program, in the part of the language that C and C++ share: is the library that it runs
 * with the one that it was compiled for, and does it work? */
#include <zsplice.h>

#include <unistd.h>

int main(void)
{
	int in[2], out[2];

	if (zs_version() != ZS_VERSION)
		return 1;
	if (pipe(in) != 0 || pipe(out) != 0 || write(in[1], "moved", 5) != 5)
		return 1;
	return zs_splice_full(in[0], NULL, out[1], NULL, 5, 0, NULL) == 5 ? 0 : 1;
}
