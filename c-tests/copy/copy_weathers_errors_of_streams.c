/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From and to pipes and sockets: each system call fails with each error, or moves too few bytes. The copy
 * either completes in another way or returns the error, and the result says exactly what was delivered and what
 * is in flight. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_inject_errors.h"

static const struct t_copy_case ways[] = {
	{ "file to pipe", T_REGULAR, T_PIPE, .to_end = 1 },
	{ "file to pipe, watched", T_REGULAR, T_PIPE, .position = T_GIVEN, .watched = 1,
	  .nonblock = 1 },
	{ "file to pipe by sendfile", T_REGULAR, T_PIPE, .avoid = ZS_VIA_SPLICE },
	{ "file to pipe by hand", T_REGULAR, T_PIPE, .flags = ZS_STABLE },
	{ "pipe to file", T_PIPE, T_REGULAR, .flags = ZS_GROW_PIPE },
	{ "pipe to file at an offset", T_PIPE, T_REGULAR, .position = T_GIVEN, .to_end = 1,
	  .nonblock = 1 },
	{ "pipe to file by hand", T_PIPE, T_REGULAR, .avoid = ZS_VIA_SPLICE, .to_end = 1 },
	{ "pipe to pipe", T_PIPE, T_PIPE, .to_end = 1 },
	{ "pipe to pipe, watched", T_PIPE, T_PIPE, .watched = 1, .flags = ZS_GROW_PIPE },
	{ "pipe to pipe by hand", T_PIPE, T_PIPE, .avoid = ZS_VIA_SPLICE },
	{ "file to TCP", T_REGULAR, T_TCP, .to_end = 0 },
	{ "file to TCP, watched", T_REGULAR, T_TCP, .position = T_GIVEN, .watched = 1,
	  .to_end = 1 },
	{ "file to TCP, and more", T_REGULAR, T_TCP, .flags = ZS_MORE, .to_end = 1 },
	{ "file to TCP by pipe", T_REGULAR, T_TCP, .avoid = ZS_VIA_SENDFILE, .nonblock = 1 },
	{ "file to TCP by hand", T_REGULAR, T_TCP, .flags = ZS_STABLE },
	{ "TCP to file", T_TCP, T_REGULAR, .to_end = 1 },
	{ "TCP to file at an offset", T_TCP, T_REGULAR, .position = T_GIVEN, .watched = 1 },
	{ "TCP to file by hand", T_TCP, T_REGULAR, .avoid = ZS_VIA_SPLICE },
	{ "TCP to TCP", T_TCP, T_TCP, .to_end = 1 },
	{ "TCP to TCP, watched", T_TCP, T_TCP, .watched = 1 },
	{ "TCP to TCP by splice alone", T_TCP, T_TCP, .avoid = ZS_VIA_READ_WRITE },
	{ "TCP to pipe", T_TCP, T_PIPE, .to_end = 1 },
	{ "pipe to TCP", T_PIPE, T_TCP, .to_end = 1, .nonblock = 1 },
	{ "pipe to TCP, watched", T_PIPE, T_TCP, .watched = 1 },
	{ "unix to unix", T_UNIX, T_UNIX, .flags = ZS_NOSIGPIPE },
};

int main(int argc, char **argv)
{
	return t_inject_errors(ways, sizeof ways / sizeof *ways, argc > 1 ? argv[1] : NULL);
}
