# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# A Debian in the folder $root, for scripts that source this: 13, or the $suite. It takes root, and nothing stays mounted.

: "${root:?}"
suite=${suite:-trixie}

# Makes it, if it is not there. DEBIAN_MIRROR is another mirror than debootstrap(8) would take.
make_debian() {
	[[ -e $root/etc/debian_version ]] && return
	rm -rf --one-file-system "$root.new"
	mkdir -p "$root.new"
	debootstrap --variant=minbase "$suite" "$root.new" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} > "$root.log" 2>&1 ||
		{ tail "$root.log" >&2; exit 1; }
	mv --no-target-directory "$root.new" "$root"
}

# Runs a command in it. Mounts and processes end with it. A bind mount of this machine's /dev would be able to
# damage it: the devices are new ones. The folder is mounted on itself, since only what is a mount can be the root of
# a mount namespace that tests may make for themselves.
inside() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --pid --fork --kill-child -- bash -ec '
		mount --bind "$0" "$0"
		cd "$0"
		mount -t proc proc proc
		mount -t tmpfs -o mode=755 dev dev
		mkdir dev/shm dev/pts
		for device in null:3 zero:5 full:7 random:8 urandom:9; do
			mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
		done
		mknod -m 666 dev/tty c 5 0
		ln -s pts/ptmx dev/ptmx
		ln -s /proc/self/fd dev/fd
		mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
		mount -t tmpfs shm dev/shm
		exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"' "$root" "$@" < /dev/null
}

install_packages() {
	inside apt-get --quiet --quiet --yes --no-install-recommends -o Dpkg::Use-Pty=0 install "$@" >> "$root.log" 2>&1 ||
		{ tail "$root.log" >&2; exit 1; }
}
