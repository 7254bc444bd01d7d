/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Between files: each system call fails with each error, or moves too few bytes. The copy either completes in
 * another way or returns the error, with an exact result. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_inject_errors.h"

#define BY_HAND (ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE | ZS_VIA_SPLICE)
#define BY_PIPE (ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE)

static const struct t_copy_case ways[] = {
	{ "file to file", T_REGULAR, T_REGULAR, .to_end = 1 },
	{ "file to file at offsets", T_REGULAR, T_REGULAR, .position = T_GIVEN },
	{ "file to another file system", T_REGULAR, T_REGULAR, .out_where = T_THERE },
	{ "file to another at offsets", T_REGULAR, T_REGULAR, .out_where = T_THERE,
	  .position = T_GIVEN, .to_end = 1 },
	{ "file to file by pipe", T_REGULAR, T_REGULAR, .avoid = BY_PIPE },
	{ "file to file by hand", T_REGULAR, T_REGULAR, .avoid = BY_HAND, .to_end = 1 },
	{ "holes", T_REGULAR, T_REGULAR, .hole = T_SPARSE, .to_end = 1 },
	{ "holes at offsets", T_REGULAR, T_REGULAR, .hole = T_SPARSE, .position = T_GIVEN },
	{ "holes to another", T_REGULAR, T_REGULAR, .hole = T_SPARSE, .out_where = T_THERE },
	{ "holes to another by hand", T_REGULAR, T_REGULAR, .hole = T_SPARSE,
	  .out_where = T_THERE, .avoid = BY_HAND },
	{ "holes filled", T_REGULAR, T_REGULAR, .hole = T_SPARSE, .flags = ZS_FILL_HOLES },
	{ "blocks", T_REGULAR, T_REGULAR, .in_where = T_SHARING, .out_where = T_SHARING },
	{ "blocks at offsets", T_REGULAR, T_REGULAR, .in_where = T_SHARING,
	  .out_where = T_SHARING, .position = T_GIVEN },
	{ "blocks, or else", T_REGULAR, T_REGULAR, .in_where = T_SHARING,
	  .out_where = T_SHARING, .position = T_GIVEN, .flags = ZS_CLONE },
	{ "blocks copied", T_REGULAR, T_REGULAR, .in_where = T_SHARING, .out_where = T_SHARING,
	  .flags = ZS_NO_CLONE },
	{ "small", T_REGULAR, T_REGULAR, .small = 1 },
	{ "small at offsets", T_REGULAR, T_REGULAR, .position = T_GIVEN, .small = 1 },
	{ "small at the end", T_REGULAR, T_REGULAR, .position = T_GIVEN, .small = 1, .to_end = 1 },
	{ "memory to file", T_MEMFD, T_REGULAR, .to_end = 1 },
};

int main(int argc, char **argv)
{
	return t_inject_errors(ways, sizeof ways / sizeof *ways, argc > 1 ? argv[1] : NULL);
}
