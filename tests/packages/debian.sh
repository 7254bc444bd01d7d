#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the Debian packages in a Debian 13 of its own, from its crates alone, as an ordinary user and without
# network; twice, in two folders, for the same bytes. Asks lintian, installs, links, runs, removes.
# usage: debian.sh FOLDER VERSION (make packages)
#
# DEBIAN_ROOT=DIR: a Debian 13 to use and to keep, made there if there is none.
set -euo pipefail
export LC_ALL=C
# shellcheck source-path=SCRIPTDIR source=../support/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/packages.sh"
need debootstrap:debootstrap unshare:util-linux
((EUID == 0)) || skip 'it takes root, for debootstrap and chroot'
tarball=$folder/zsplice-$version.tar.xz
root=${DEBIAN_ROOT:-$work/root}

# shellcheck source-path=SCRIPTDIR source=../support/debian.sh
source "$project/tests/support/debian.sh"

# Runs a command in that Debian as an ordinary user, without a network but the loopback.
as_its_user() {
	# shellcheck disable=SC2016 # for the inner shell
	inside env HOME=/nonexistent unshare --net sh -c 'ip link set lo up &&
		exec setpriv --reuid 1234 --regid 1234 --clear-groups "$@"' sh "$@"
}

echo "== Debian $suite"
make_debian
rm -rf "$root/build"
mkdir -p "$root/build/first" "$root/build/second/deeper"
cp "$tarball" "$root/build/zsplice_$version.orig.tar.xz"
tar -x -C "$root/build" --strip-components=1 -f "$tarball" "zsplice-$version/debian"
inside apt-get -qq update
install_packages build-essential cmake dpkg-dev iproute2 lintian man-db python3-pytest
inside apt-get -qq --no-install-recommends build-dep /build > /dev/null
[[ $(ls "$root/usr/share/cargo/registry") == $'errno-'*$'\nlibc-'* ]] ||
	{ echo 'other crates than errno and libc are installed there' >&2; exit 1; }

# Packs and builds in a folder.
build() {
	local folder=$root/build/$1
	cp "$root/build/zsplice_$version.orig.tar.xz" "$folder"
	tar -xf "$tarball" -C "$folder"
	chown -R 1234:1234 "$folder"
	# shellcheck disable=SC2016
	as_its_user env "DEB_BUILD_OPTIONS=$2" sh -c 'cd "$0" && umask "$1" && dpkg-buildpackage --no-sign' \
		"/build/$1/zsplice-$version" "$3" > "$folder.log" 2>&1 || { tail -n 60 "$folder.log"; exit 1; }
}

echo "== building (tests: ${DEBIAN_TESTS:-no}), twice"
build first "$([[ ${DEBIAN_TESTS:-no} == yes ]] || echo nocheck)" 022
build 'second/deeper' nocheck 077
for file in "$root"/build/first/*.{deb,dsc,debian.tar.xz}; do
	cmp "$file" "$root/build/second/deeper/${file##*/}"
done
ls -l "$root"/build/first/*.deb

echo '== lintian'
# Its status also counts what its own rules for packages of Python mask.
told=$(as_its_user sh -c 'lintian --info --display-info --pedantic --fail-on none /build/first/*.changes' 2>&1) ||
	fail "lintian: $told"
[[ ! $told ]] || fail "$told"

# Runs a program of debian/tests as autopkgtest would.
try() {
	# shellcheck disable=SC2016
	as_its_user sh -c 'cd /build/first/zsplice-* && AUTOPKGTEST_TMP=$(mktemp -d) "debian/tests/$0"' "$1" \
		> "$root/build/$1.log" 2>&1 || { cat "$root/build/$1.log"; exit 1; }
}

echo '== installing, linking, running, removing'
inside sh -c 'dpkg --install /build/first/*zsplice*_*.deb' > /dev/null
try link
try python
tail -n 1 "$root/build/python.log"
inside dpkg --purge python3-zsplice libzsplice-doc libzsplice-dev libzsplice0-dbgsym libzsplice0 > /dev/null
left=$(inside find /usr /etc /var/lib -name '*zsplice*')
[[ ! $left ]] || { printf 'left behind:\n%s\n' "$left" >&2; exit 1; }
echo 'Debian: all is well'
