/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ways: shared */
/* Every engine reads and writes AF_VSOCK sockets, ends in time where nobody reads, and notices a peer that has gone
 * without a signal. poll(2) calls such a socket writable with one byte of credit, and
 * SO_SNDBUF says nothing about it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"
#include "t_family.h"
#include "t_family_stories.h"

int main(void)
{
	t_family_stories(T_VSOCK);
	return t_done();
}
