/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* File systems in a mount namespace of its own: no other process sees them, and they end with this one. Include
 * after t_copy.h. */
#ifndef T_MOUNT_H
#define T_MOUNT_H

#include <linux/fiemap.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

/* Enters a mount namespace of its own, or skips the test. */
static inline void t_own_mounts(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		t_skip("mount(2) is not allowed here");
}

/* Makes the directory `name` and mounts a file system without a device there. Returns whether that worked. */
static inline int t_mount(const char *name, const char *type, const char *options)
{
	MUST(mkdir(name, 0700) == 0);
	return mount("none", name, type, 0, options) == 0;
}

/* Runs a program without its output. Returns its exit status. */
static inline int t_run(char *const *words)
{
	int status, nowhere;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		nowhere = open("/dev/null", O_RDWR);
		dup2(nowhere, 1);
		dup2(nowhere, 2);
		setenv("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", 1);
		execvp(words[0], words);
		_exit(127);
	}
	MUST(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A loop device over a new file `image` of `mib` MiB; its name is stored in `device`. It goes away when it is
 * closed. Returns a descriptor, or -1 where there is none. */
static inline int t_loop(const char *image, int mib, char *device, size_t room)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), loop = -1;

	config.fd = (uint32_t)open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	MUST((int)config.fd >= 0 && ftruncate((int)config.fd, (off_t)mib << 20) == 0);
	for (int tries = 0; control >= 0 && tries < 200 && loop < 0; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		snprintf(device, room, "/dev/loop%d", number);
		if (number >= 0 && access(device, F_OK) != 0)
			(void)mknod(device, S_IFBLK | 0600, makedev(7, (unsigned)number));
		loop = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
		if (loop >= 0 && ioctl(loop, LOOP_CONFIGURE, &config) != 0) {
			MUST(close(loop) == 0);
			loop = -1;
			t_sleep_ms(5);
		}
	}
	MUST(close((int)config.fd) == 0);
	if (control >= 0)
		MUST(close(control) == 0);
	return loop;
}

/* Makes a file system of 320 MiB, "xfs", "btrfs" or "ext4", and mounts it at the new directory `type`. Returns
 * NULL, or the reason why there is none. */
static inline const char *t_file_system(char *type)
{
	static char words[2][32], reason[96];
	char image[64], device[64], *list[4] = { words[0], words[1], device, NULL };
	int loop, status;

	snprintf(words[0], sizeof words[0], "mkfs.%s", type);
	snprintf(words[1], sizeof words[1], strcmp(type, "ext4") == 0 ? "-F" : "-f");
	snprintf(image, sizeof image, "%s.image", type);
	MUST(mkdir(type, 0700) == 0);
	loop = t_loop(image, 320, device, sizeof device);
	if (loop < 0)
		return "there is no loop device here";
	MUST(unlink(image) == 0);
	status = t_run(list);
	if (status == 127) {
		snprintf(reason, sizeof reason, "there is no %s here", words[0]);
		return reason;
	}
	MUST(status == 0);
	status = mount(device, type, type, 0, NULL);
	MUST(close(loop) == 0);
	snprintf(reason, sizeof reason, "%s cannot be mounted here: %s", type, strerror(errno));
	return status == 0 ? NULL : reason;
}

/* How many bytes of a file are in extents that it shares with others. */
static inline int64_t t_shared(int fd)
{
	union { struct fiemap is; char room[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)]; } map;
	int64_t shared = 0;

	memset(&map, 0, sizeof map);
	map.is.fm_length = FIEMAP_MAX_OFFSET;
	map.is.fm_flags = FIEMAP_FLAG_SYNC;
	map.is.fm_extent_count = 64;
	MUST(ioctl(fd, FS_IOC_FIEMAP, &map) == 0 && map.is.fm_mapped_extents < 64);
	for (uint32_t i = 0; i < map.is.fm_mapped_extents; i++)
		if (map.is.fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED)
			shared += (int64_t)map.is.fm_extents[i].fe_length;
	return shared;
}

#endif
