#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the packages of contrib/zsplice.spec with rpmbuild and without network; twice, in two folders, for the
# same content. Asks rpmlint, looks at what they provide, installs, links, runs, removes.
# usage: rpm.sh FOLDER VERSION (make packages)
#
# RPM_TESTS=yes: with the tests of %check.
set -euo pipefail
export LC_ALL=C
# shellcheck source-path=SCRIPTDIR source=../support/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/packages.sh"
need rpmbuild:rpm rpmlint:rpmlint unshare:util-linux pkg-config:pkg-config

# The crates as Fedora has them: in one folder.
tar -x -C "$work" --strip-components=1 -f "$folder/zsplice-$version-vendored.tar.xz" "zsplice-$version/vendor"
spec=$project/contrib/zsplice.spec
# No file may be newer, so that when it is built makes no difference: the time of the source.
SOURCE_DATE_EPOCH=$(stat --format=%Y "$work/vendor")
export SOURCE_DATE_EPOCH

# Builds in a folder. What it depends on is not in this machine's database of packages.
build() {
	local top=$work/$1
	mkdir -p "$top/SOURCES"
	cp "$folder/zsplice-$version.tar.xz" "$top/SOURCES"
	as_user rpmbuild -ba --nodeps ${2:+"$2"} --define "_topdir $top" --define "crates $work/vendor" \
		--define '_buildhost builder' --define 'use_source_date_epoch_as_buildtime 1' \
		--define 'clamp_mtime_to_source_date_epoch 1' \
		"$spec" > "$top/log" 2>&1 || { tail -n 60 "$top/log"; exit 1; }
}

echo "== RPM (tests: ${RPM_TESTS:-no}), twice"
build first "$([[ ${RPM_TESTS:-no} == yes ]] || echo --nocheck)"
build second/deeper --nocheck
mapfile -t packages < <(cd "$work/first" && find RPMS SRPMS -name '*.rpm')
((${#packages[@]} == 3)) || fail "other packages than the library, -devel and the source: ${packages[*]}"
# All that is installed of a package, and all that is known of it but its source package: that has the path of the
# folder in it, where it tells how it was made.
content() {
	rpm --query --package --info --dump --provides --requires --scripts "$1" && rpm2cpio "$1" | sha256sum
}
for package in "${packages[@]}"; do
	[[ $package != SRPMS/* ]] || continue
	cmp <(content "$work/first/$package") <(content "$work/second/deeper/$package")
done
cd "$work/first/RPMS"/*
ls -l ./*.rpm

echo '== rpmlint'
rpmlint --strict --config "$project/tests/packages/rpmlint.toml" "$PWD" ../../SRPMS > "$work/rpmlint" ||
	{ cat "$work/rpmlint"; exit 1; }

# usage: has PACKAGE provides|requires WHAT
has() {
	rpm --query --package "--$2" "$1" | grep -qxF -e "$3" || fail "${1##*/} $2 no $3"
}
library=$(echo zsplice-"$version"-*.rpm) devel=$(echo zsplice-devel-*.rpm)
if [[ $(getconf LONG_BIT) == 64 ]]; then bits='(64bit)'; else bits=; fi
has "$library" provides "libzsplice.so.0()$bits"
while read -r node; do
	has "$library" provides "libzsplice.so.0($node)$bits"
done < <(sed -n 's/ {$//p' "$project/zsplice.map")
has "$devel" provides "pkgconfig(zsplice) = $version"
has "$devel" requires "zsplice($(rpm --eval '%_arch' | sed 's/x86_64/x86-64/')) = ${library:8:${#version}+2}"

echo '== installing, linking, running, removing'
root=$work/root
database() {
	unshare --user --map-root-user --net rpm --root "$root" --dbpath /var/lib/rpm "$@" 2> "$work/log" ||
		{ cat "$work/log"; exit 1; }
}
mkdir "$root"
database --initdb
database --install --nodeps "$library" "$devel"
link_and_run "$root" "$(rpm --eval '%_libdir')"
database --erase zsplice zsplice-devel
left=$(find "$root" -name '*zsplice*')
[[ ! $left ]] || fail "left behind: $left"
echo 'RPM: all is well'
