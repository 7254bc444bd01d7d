#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Does what README.md begins with in an empty Debian 12 and Debian 13: installs the packages that it names, builds,
# shows the demo, installs, compiles its first program as it says, runs it, and uninstalls. From the tarball that has
# the crates, as an ordinary user but for installing, without network.
#
#     tests/packages/smoke.sh FOLDER VERSION [SUITE...]        (make smoke; `make dist` has filled FOLDER)
#
# The SUITE is bookworm or trixie. The Rust of bookworm is too old, and has to be told so in one line; then that of this
# machine is used. DEBIAN_ROOTS=FOLDER keeps each Debian in there, and uses those that are.
set -euo pipefail
export LC_ALL=C

die() {
	printf 'smoke.sh: %s\n' "$*" >&2
	exit 1
}

# Runs a shell command in the source, as an ordinary user without a network.
as_user() {
	# shellcheck disable=SC2016 # for the inner shell
	inside unshare --net setpriv --reuid 1234 --regid 1234 --clear-groups env -i PATH="/rust/bin:/usr/bin:/bin" \
		HOME=/user sh -euc 'cd "/user/zsplice-$0" && eval "$1"' "$version" "$1"
}

as_root() {
	# shellcheck disable=SC2016 # for the inner shell
	inside unshare --net sh -euc 'cd "/user/zsplice-$0" && eval "$1"' "$version" "$1"
}

# Whether it is not there yet, as it is in a Debian that was kept.
lacks() {
	[[ ! -e $root/usr/bin/$1 ]]
}

# A make that fails, and says this at last.
fails() {
	local told expected=$1
	shift
	! told=$(as_user "make $*" 2>&1 > /dev/null) || die "make $* succeeds"
	told=$(grep -v '^make' <<< "$told" | tail -n 1 || true)
	[[ $told == "zsplice: $expected" ]] || die "make $*: \"$told\" instead of \"$expected\""
	printf "make%s: %s\n" "${*:+ $*}" "$told"
}

unpack() {
	rm -rf "$root/user" "$root/rust"
	mkdir "$root/user" "$root/rust"
	tar -xf "$tarballs/zsplice-$version-vendored.tar.xz" -C "$root/user"
	# The first program of README.md.
	awk '/^```$/ { if (c) exit } c { print } /^```c$/ { c = 1 }' "$root/user/zsplice-$version/README.md" \
		> "$root/user/program.c"
	chown -R 1234:1234 "$root/user"
}

# The programs that README.md says are needed. First those that are not there are missed.
install_needed() {
	local rust='Rust 1.85 or later is needed (Debian 13: cargo; elsewhere: rustup)'
	install_packages make
	! lacks cargo || fails "cargo is not installed: $rust, or set CARGO"
	install_packages cargo rustc
	if [[ $suite == bookworm ]]; then
		fails 'cargo is of Rust 1.65.0: 1.85 or later is needed (Debian 13: cargo; elsewhere: rustup)'
		# Hard links: nobody writes there.
		cp -R --link "$toolchain"/{bin,lib} "$root/rust" 2> /dev/null || cp -R "$toolchain"/{bin,lib} "$root/rust"
	fi
	fails 'no-gcc is not installed (Debian: gcc), or set CC' CC=no-gcc
	install_packages gcc libc6-dev binutils
	! lacks pkg-config || fails 'pkg-config is not installed (Debian: pkg-config), or set PKG_CONFIG' demo
	install_packages pkg-config
}

try() {
	local left
	as_user 'make demo' > "$root.log" 2>&1 || { tail -n 30 "$root.log" >&2; die 'make demo fails'; }
	grep -h 'copied\|same' "$root.log" || true
	as_user 'make clean; make' > "$root.log" 2>&1 || { tail -n 30 "$root.log" >&2; die 'make fails'; }
	fails 'cannot write to /usr/local/lib: install as root, or set PREFIX or DESTDIR' install
	as_root 'make install' > /dev/null
	# shellcheck disable=SC2016 # for the inner shell
	as_user 'cd .. && cc program.c $(pkg-config --cflags --libs zsplice) && ./a.out > copy 2> told
		cmp copy /etc/os-release && cat told'
	as_root 'make uninstall' > /dev/null
	left=$(find "$root/usr/local" -name '*zsplice*' -o -name 'zs_*')
	[[ ! $left ]] || die "left behind: $left"
}

((EUID == 0)) || die 'needs root, for debootstrap and chroot'
command -v debootstrap > /dev/null || die 'debootstrap is not installed (Debian: debootstrap)'
tarballs=$(cd "$1" && pwd) version=$2
shift 2
toolchain=$(rustc --print sysroot)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-smoke.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
(($#)) || set -- bookworm trixie
for suite in "$@"; do
	root=${DEBIAN_ROOTS:-$work}/$suite
	printf '== Debian %s\n' "$suite"
	# shellcheck source-path=SCRIPTDIR source=../support/debian.sh
	source "$here/../support/debian.sh"
	make_debian
	inside apt-get -qq update
	unpack
	install_needed
	try
done
