/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ways: shared */
/* Every engine reads and writes kTLS sockets, ends in time where nobody reads, and notices a peer that has gone
 * without a signal. Once the peer has gone the kernel raises SIGPIPE beside a whole count. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"
#include "t_family.h"
#include "t_family_stories.h"

int main(void)
{
	t_family_stories(T_KTLS_1_2);
	t_family_stories(T_KTLS_1_3);
	return t_done();
}
