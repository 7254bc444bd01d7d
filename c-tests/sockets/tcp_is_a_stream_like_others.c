/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ways: shared */
/* Every engine reads and writes TCP sockets, ends in time where nobody reads, and notices a peer that has gone
 * without a signal. They are the measure of the families that few kernels have. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"
#include "t_family.h"
#include "t_family_stories.h"

int main(void)
{
	t_family_stories(T_TCP);
	return t_done();
}
