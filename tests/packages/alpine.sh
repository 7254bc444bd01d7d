#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs build() and package() of contrib/APKBUILD with musl and without network, as abuild(1) would, which is on Alpine
# only: in busybox's shell, with abuild's variables. Looks at what is installed, links, runs.
# usage: alpine.sh FOLDER VERSION (make packages)
set -euo pipefail
export LC_ALL=C
# shellcheck source-path=SCRIPTDIR source=../support/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/packages.sh"
need busybox:busybox musl-gcc:musl-tools unshare:util-linux pkg-config:pkg-config

echo '== Alpine'
start=$work/start
mkdir -p "$start/src" "$start/pkg"
cp "$project/contrib/APKBUILD" "$start"
tar -x -C "$start/src" -f "$folder/zsplice-$version-vendored.tar.xz"
export CC=musl-gcc
cd "$start"
# shellcheck disable=SC2016 # for the inner shell
as_user busybox sh -euc '
	startdir=$PWD srcdir=$PWD/src
	. ./APKBUILD
	for name in pkgname pkgver pkgrel pkgdesc arch license makedepends subpackages source; do
		eval "[ \"\$$name\" ]" || { echo "$name is not set"; exit 1; }
	done
	[ "$pkgver" = "$0" ] && [ -e "$1/$source" ]
	pkgdir=$PWD/pkg/$pkgname builddir=$srcdir/$pkgname-$pkgver
	export CHOST=x86_64-alpine-linux-musl CFLAGS=-Os LDFLAGS="-Wl,--as-needed,-O1,--sort-common" MAKEFLAGS=-j2
	for function in build package; do (cd "$builddir" && "$function"); done' \
	"$version" "$folder" > "$work/log" 2>&1 < /dev/null || { tail -n 60 "$work/log"; exit 1; }

root=$start/pkg/zsplice
# What no rule of abuild moves into one of the subpackages is in the package itself: the library.
left=$(cd "$root" && find . -type f ! -path './usr/lib/*.a' ! -path './usr/include/*' ! -path './usr/lib/cmake/*' \
	! -path './usr/lib/pkgconfig/*' ! -path './usr/share/man/*')
[[ $left == "./usr/lib/libzsplice.so.$version" ]] || fail "in the package: $left"
link_and_run "$root" /usr/lib
echo 'Alpine: all is well'
