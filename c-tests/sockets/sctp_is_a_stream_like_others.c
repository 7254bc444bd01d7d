/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ways: shared */
/* Every engine reads and writes SCTP sockets, ends in time where nobody reads, and notices a peer that has gone
 * without a signal. A write larger than the send buffer is EMSGSIZE there, and there is
 * no end of one direction. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"
#include "t_family.h"
#include "t_family_stories.h"

int main(void)
{
	t_family_stories(T_SCTP);
	return t_done();
}
