/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A signed integer overflows in the program. */
/* address: signed integer overflow */
#include <limits.h>

int main(int argc, char **argv)
{
	int most = INT_MAX - 1 + argc;

	(void)argv;
	return most + argc == 0;
}
