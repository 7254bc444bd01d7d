/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* To be preloaded: the name two.test has the addresses 127.0.0.2 and 127.0.0.1, in this order. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
	int error;

	if (node == NULL || strcmp(node, "two.test") != 0)
		return real(node, service, hints, found);
	error = real("127.0.0.2", service, hints, found);
	return error ? error : real("127.0.0.1", service, hints, &(*found)->ai_next);
}
