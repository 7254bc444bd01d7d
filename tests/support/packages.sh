# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# For scripts of tests/packages that source this: their arguments, FOLDER VERSION, are the folder with both tarballs
# of contrib/dist.sh, and what they are named after.

# shellcheck disable=SC2034
folder=$(cd "$1" && pwd)
version=$2
me=${0##*/}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

# Without these the packages cannot be built: a failure if nothing may be skipped. Each is TOOL:PACKAGE of Debian.
need() {
	local pair missing=()
	for pair; do
		command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
	done
	((${#missing[@]})) || return 0
	skip "these Debian packages are missing: ${missing[*]}"
}

skip() {
	[[ ! ${CI:-} || $CI == false ]] || fail "CI=true, but $*"
	echo "skipped: $me: $*"
	exit 0
}

# A folder that ends with the script.
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-packages.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

# Runs a command without network, as a user who owns what the caller owns, but is not root.
as_user() {
	unshare --user --map-user=1234 --map-group=1234 --net "$@"
}

# Whether a program links with what is installed below ROOT, shared and static, and runs.
# usage: link_and_run ROOT LIBDIR
link_and_run() {
	local root=$1 libdir=$2 program=$project/tests/consumers/program.c flags
	export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root$libdir/pkgconfig
	[[ $(pkg-config --modversion zsplice) == "$version" ]] || fail 'zsplice.pc has another version'
	read -ra flags < <(pkg-config --cflags --libs zsplice)
	"${CC:-cc}" -o "$work/shared" "$program" "${flags[@]}"
	LD_LIBRARY_PATH=$root$libdir "$work/shared" || fail 'a program that is linked with it does not run'
	read -ra flags < <(pkg-config --static --cflags --libs zsplice)
	"${CC:-cc}" -static -o "$work/static" "$program" "${flags[@]}"
	"$work/static" || fail 'a program that has it inside does not run'
}
