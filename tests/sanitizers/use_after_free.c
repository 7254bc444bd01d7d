/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay is asked after it has been freed. */
/* address: heap-use-after-free */
/* memcheck: Invalid read of size */
#include <zsplice.h>
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int in[2], out[2];
	zs_relay *relay;

	if (pipe2(in, O_NONBLOCK) != 0 || pipe2(out, O_NONBLOCK) != 0)
		return 0;
	relay = zs_relay_new(in[0], out[1], ZS_TO_END, NULL, 0);
	zs_relay_free(relay);
	return zs_relay_has_ended(relay) == 2;
}
