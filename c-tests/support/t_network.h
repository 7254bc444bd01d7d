/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A network of the process's own, which ends with it. Include after t.h. */
#ifndef T_NETWORK_H
#define T_NETWORK_H

#include <sched.h>

/* Root in a user namespace. Where unshare(2) makes one that is of no use, this fails. */
static inline int t_become_root(uid_t user)
{
	int map = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC), done;

	done = map >= 0 && dprintf(map, "0 %u 1", user) > 0;
	return (map < 0 || close(map) == 0) && done;
}

/* Enters a network of its own, with lo. An ordinary user becomes root in a user namespace, who may do more: Linux
 * 6.18 takes no socket filter for TCP without CAP_NET_ADMIN. Returns whether there are such namespaces, and ip(8). */
static inline int t_own_network(void)
{
	uid_t user = geteuid();

	if (unshare(user == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return 0;
	return (user == 0 || t_become_root(user)) && system("ip link set lo up 2>&1") == 0;
}

#endif
