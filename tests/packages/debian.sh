#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the Debian packages in a Debian 13 of its own, from its crates alone, as an ordinary user and without
# network; twice, in two folders, for the same bytes. Asks lintian, installs, links, runs, removes.
# usage: debian.sh TARBALL VERSION (make packages)
#
# DEBIAN_ROOT=DIR: a Debian 13 to use and to keep, made there if there is none.
set -euo pipefail
export LC_ALL=C
tarball=$1 version=$2

((EUID == 0)) || { echo 'debian.sh: needs root, for debootstrap and chroot' >&2; exit 1; }
command -v debootstrap > /dev/null || { echo 'debootstrap is not installed (Debian: debootstrap)' >&2; exit 1; }

work=
if [[ ! ${DEBIAN_ROOT:-} ]]; then
	work=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-debian.XXXXXX")
	trap 'rm -rf --one-file-system "$work"' EXIT
fi
root=${DEBIAN_ROOT:-$work/root}

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=../support/debian.sh
source "$here/../support/debian.sh"

# Runs a command in that Debian as an ordinary user without a network.
as_user() {
	inside env HOME=/nonexistent unshare --net setpriv --reuid 1234 --regid 1234 --clear-groups "$@"
}

echo "== Debian $suite"
make_debian
rm -rf "$root/build"
mkdir -p "$root/build/first" "$root/build/second/deeper"
cp "$tarball" "$root/build/zsplice_$version.orig.tar.xz"
tar -x -C "$root/build" --strip-components=1 -f "$tarball" "zsplice-$version/debian"
inside apt-get -qq update
install_packages build-essential cmake dpkg-dev lintian man-db
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
	as_user env "DEB_BUILD_OPTIONS=$2" sh -c 'cd "$0" && umask "$1" && dpkg-buildpackage --no-sign' \
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
as_user sh -c 'lintian --info --display-info --pedantic --fail-on error,warning,info,pedantic /build/first/*.changes'

echo '== installing, linking, running, removing'
inside sh -c 'dpkg --install /build/first/libzsplice0_* /build/first/libzsplice-d*' > /dev/null
# shellcheck disable=SC2016
as_user sh -c 'cd /build/first/zsplice-* && AUTOPKGTEST_TMP=$(mktemp -d) debian/tests/link' > "$root/build/link.log" 2>&1 ||
	{ cat "$root/build/link.log"; exit 1; }
inside dpkg --purge libzsplice-doc libzsplice-dev libzsplice0 > /dev/null
left=$(inside find /usr /etc /var/lib -name '*zsplice*')
[[ ! $left ]] || { printf 'left behind:\n%s\n' "$left" >&2; exit 1; }
echo 'Debian: all is well'
