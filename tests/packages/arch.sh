#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the package of contrib/PKGBUILD with makepkg and without network, looks at what is in it, links, runs.
# usage: arch.sh FOLDER VERSION (make packages)
#
# ARCH_TESTS=yes: with check().
set -euo pipefail
export LC_ALL=C
# shellcheck source-path=SCRIPTDIR source=../support/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/packages.sh"
need makepkg:makepkg bsdtar:libarchive-tools file:file unshare:util-linux pkg-config:pkg-config

echo "== Arch (tests: ${ARCH_TESTS:-no})"
mkdir "$work/build" "$work/root"
cd "$work/build"
cp "$project/contrib/PKGBUILD" "$folder/zsplice-$version-vendored.tar.xz" .
# There is no database of packages that pacman could ask.
options=(--nodeps --noconfirm)
[[ ${ARCH_TESTS:-no} == yes ]] || options+=(--nocheck)
PACMAN=true as_user makepkg "${options[@]}" > "$work/log" 2>&1 || { tail -n 60 "$work/log"; exit 1; }
package=$(echo "$PWD/zsplice-$version"-*.pkg.tar.*)
ls -l "$package"
bsdtar -x -C "$work/root" -f "$package"

has() {
	grep -qxF "$1" "$work/root/.PKGINFO" || fail "the package says no \"$1\""
}
has "pkgver = $version-1"
has "provides = libzsplice.so=0-$(getconf LONG_BIT)"
grep -q "$work" -r "$work/root/usr" && fail 'the folder of the build is in what is installed'
for file in include/zsplice.h lib/libzsplice.so.0 lib/cmake/zsplice share/man/man3/zs_copy.3.gz share/licenses/zsplice; do
	[[ -e $work/root/usr/$file ]] || fail "no /usr/$file is in it"
done
link_and_run "$work/root" /usr/lib
echo 'Arch: all is well'
