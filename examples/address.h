/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The addresses of zproxy: HOST:PORT, [ADDRESS]:PORT, unix:PATH. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct address {
	struct sockaddr_storage name;
	socklen_t len;
	char text[128];
};

/* As on the command line. */
static void print_name(struct address *address)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&address->name;
	char host[80], port[8];

	if (address->name.ss_family == AF_UNIX)
		snprintf(address->text, sizeof address->text, "unix:%s", local->sun_path);
	else if (getnameinfo((struct sockaddr *)&address->name, address->len, host, sizeof host, port, sizeof port,
			     NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(address->text, sizeof address->text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void misused(const char *what, const char *why)
{
	fprintf(stderr, "zproxy: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* HOST:PORT or [HOST]:PORT, taken apart in place: the port. */
static char *split(const char *text, char **host)
{
	char *port = strrchr(*host, ':'), *bracket = strrchr(*host, ']'), *rest;

	if (**host == '[') {
		if (bracket == NULL || bracket[1] != ':')
			misused(text, "not [ADDRESS]:PORT");
		*bracket = '\0';
		++*host;
	} else if (port == NULL) {
		misused(text, "neither HOST:PORT nor unix:PATH");
	} else if (strchr(*host, ':') != port) {
		misused(text, "an IPv6 address is written [ADDRESS]:PORT");
	}
	*port++ = '\0';
	if (*port == '\0')
		misused(text, "no port");
	/* getaddrinfo(3) takes 99999 for 34463. */
	if (strtoul(port, &rest, 10) > 65535 && *rest == '\0')
		misused(text, "no such port");
	return port;
}

static int parse_unix(const char *text, const char *path, struct address *address)
{
	struct sockaddr_un *name = (struct sockaddr_un *)&address->name;

	if (*path == '\0')
		misused(text, "no path");
	if (strlen(path) >= sizeof name->sun_path)
		misused(text, "too long");
	name->sun_family = AF_UNIX;
	strcpy(name->sun_path, path);
	address->len = sizeof *name;
	return 1;
}

/* All addresses that `text` stands for, `most` at the most: how many. */
static int parse(const char *text, int flags, struct address *addresses, int most)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags }, *found;
	char copy[300], *host = copy, *port;
	int count = 0, error;

	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text, text + 5, addresses);
	if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
		misused(text, "too long");
	port = split(text, &host);
	if ((error = getaddrinfo(*host ? host : NULL, port, &hints, &found)) != 0)
		misused(text, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
	for (struct addrinfo *one = found; one && count < most; one = one->ai_next, count++) {
		memcpy(&addresses[count].name, one->ai_addr, one->ai_addrlen);
		addresses[count].len = one->ai_addrlen;
	}
	freeaddrinfo(found);
	return count;
}

/* Of an AF_INET or AF_INET6 address. */
static in_port_t *port_of(struct address *address)
{
	return address->name.ss_family == AF_INET ? &((struct sockaddr_in *)&address->name)->sin_port
						  : &((struct sockaddr_in6 *)&address->name)->sin6_port;
}

static bool is_any(const struct address *address)
{
	return address->name.ss_family == AF_INET
		       ? ((const struct sockaddr_in *)&address->name)->sin_addr.s_addr == htonl(INADDR_ANY)
		       : IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&address->name)->sin6_addr);
}

/* Whether it is this machine's: only then bind(2) takes it. */
static bool is_local(struct address address)
{
	int fd = socket(address.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_ours;

	*port_of(&address) = 0;
	is_ours = fd >= 0 && bind(fd, (struct sockaddr *)&address.name, address.len) == 0;
	if (fd >= 0)
		close(fd);
	return is_ours;
}

/* Whether what is sent to `target` comes in at `listens`, which has made `socket_file` if it is AF_UNIX: each
 * connection would make another. */
static bool is_loop(struct address *target, struct address *listens, const struct stat *socket_file)
{
	const struct sockaddr_un *path = (const struct sockaddr_un *)&target->name;
	int family = target->name.ss_family, own = listens->name.ss_family;
	struct stat there;

	if (family == AF_UNIX)
		return own == AF_UNIX && stat(path->sun_path, &there) == 0 && is_same(&there, socket_file);
	if (own == AF_UNIX || *port_of(target) != *port_of(listens))
		return false;
	/* [::] takes what comes by IPv4, too. */
	if (is_any(listens) && (family == own || own == AF_INET6))
		return is_local(*target);
	return family == own && (is_any(target) || memcmp(&target->name, &listens->name, target->len) == 0);
}

/* Whether bind(2) has found the socket of a process that is no more. */
static bool is_stale(const struct address *address)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&address->name;
	struct stat there;
	bool is_refused;
	int fd;

	if (errno != EADDRINUSE || local->sun_family != AF_UNIX || lstat(local->sun_path, &there) != 0 ||
	    !S_ISSOCK(there.st_mode) || (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return false;
	is_refused = connect(fd, (const struct sockaddr *)&address->name, address->len) != 0 && errno == ECONNREFUSED;
	close(fd);
	errno = EADDRINUSE;
	return is_refused;
}

#endif
