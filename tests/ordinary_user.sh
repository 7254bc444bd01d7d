#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Unpacks the source and runs its tests as an ordinary user (nobody), where little is as on a developer's machine:
#
#     tests/ordinary_user.sh FOLDER VERSION [PLACE...]        (make check-as-user; `make dist` has filled FOLDER)
#
# The umask is 077 and the language Turkish, the path has a space and letters of UTF-8, and there is neither a
# network nor /sys nor a repository of git. PLACE is where files are:
#
#     tmpfs     the temporary ones. `make check`, from the tarball that has the crates; cargo's folder is empty.
#     overlay   all of them. `make test`, from the tarball without crates; cargo's folder has them. There is no home.
#     ext4      the same on a loop device, with 64 open files, unless a program asks for more
#
# It is tmpfs by default. It takes root, for a mount namespace, and nothing stays mounted. Tests that need root are
# skipped. With CI=true it fails if a test was skipped that needs a package only.
set -euo pipefail
export LC_ALL=C

die() {
	printf 'ordinary_user.sh: %s\n' "$*" >&2
	exit 1
}

need_tools() {
	local tool
	((EUID == 0)) || die 'needs root, to become nobody; as an ordinary user, run make check'
	for tool in ip:iproute2 localedef:locales mke2fs:e2fsprogs setpriv:util-linux unshare:util-linux xz:xz-utils; do
		command -v "${tool%:*}" > /dev/null || die "${tool%:*} is not installed (Debian: ${tool#*:})"
	done
	[[ -e /usr/share/i18n/locales/tr_TR ]] || die 'there is no tr_TR to make a locale of (Debian: locales)'
}

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@"
}

# What nobody reads: a locale, and the crates as cargo has them.
prepare() {
	chmod 755 "$work"
	mkdir -p "$work"/{locale,rust,home,crates/registry,place}
	localedef --inputfile=tr_TR --charmap=UTF-8 "$work/locale/tr_TR.UTF-8"
	if [[ " ${places[*]} " != ' tmpfs ' ]]; then
		"${CARGO:-cargo}" fetch --quiet --locked --manifest-path "$root/Cargo.toml"
		cp -R "${CARGO_HOME:-$HOME/.cargo}"/registry/{index,cache} "$work/crates/registry"
	fi
	as_nobody true || die 'setpriv cannot become nobody'
	chown -R 65534:65534 "$work/home" "$work/crates" "$work/place"
}

# In namespaces of its own: mounts the file system, and runs the tests there.
run_in() {
	local place=$1 target=check tarball=zsplice-$version-vendored files=$work/place
	local settings=(HOME="$work/home" CARGO_HOME="$work/home/cargo" TMPDIR="$work/place")
	mount -t proc proc /proc
	umount --recursive --lazy /sys
	ip link set lo up
	# Root's own folders are closed to others.
	mount --bind "$(rustc --print sysroot)" "$work/rust"
	case $place in
	tmpfs)
		files=$work/home
		mount -t tmpfs -o mode=1777 tmpfs "$work/place"
		;;
	overlay)
		mkdir "$work"/{lower,upper,working}
		chown 65534:65534 "$work"/{lower,upper}
		mount -t overlay -o "lowerdir=$work/lower,upperdir=$work/upper,workdir=$work/working" overlay "$work/place"
		;;
	ext4)
		truncate --size=6G "$work/image"
		mke2fs -q -t ext4 -E root_owner=65534:65534 "$work/image"
		mount -o loop "$work/image" "$work/place"
		ulimit -S -n 64
		;;
	*)
		die "$place is none of tmpfs, overlay and ext4"
		;;
	esac
	if [[ $place != tmpfs ]]; then
		target=test tarball=zsplice-$version
		settings=(HOME=/nonexistent CARGO_HOME="$work/crates" CARGO_NET_OFFLINE=true TMPDIR="$work/place")
	fi
	# shellcheck disable=SC2016 # for the inner shell
	as_nobody env -i PATH="$work/rust/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LOCPATH="$work/locale" \
		LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 "${settings[@]}" bash -euc 'umask 077
		mkdir "$1/zsplice ğüş İ" && cd "$1/zsplice ğüş İ" && tar -xf "$2" && cd "zsplice-$3" && make "$4"' \
		bash "$files" "$tarballs/$tarball.tar.xz" "$version" "$target"
}

if [[ ${1:-} == --inside ]]; then
	work=$2 tarballs=$3 version=$4
	run_in "$5"
	exit
fi

need_tools
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tarballs=$(cd "$1" && pwd) version=$2
shift 2
places=("${@:-tmpfs}")
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-user.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
prepare
for place in "${places[@]}"; do
	printf '== as nobody: %s\n' "$place"
	unshare --mount --net --pid --fork --kill-child -- \
		bash "${BASH_SOURCE[0]}" --inside "$work" "$tarballs" "$version" "$place" < /dev/null 2>&1 | tee "$work/log"
	# What `make modules` and `make deny` have is not in the tarball; and make shows what it would say.
	missing=$(grep -E 'skipped.*(not installed|missing|Debian: )' "$work/log" | grep -vE '\(`?make |echo .skipped') || true
	[[ ${CI:-} != true || ! $missing ]] || die "CI=true, but skipped: $missing"
done
