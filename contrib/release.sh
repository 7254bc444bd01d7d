#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks that this source can be released as the version of Cargo.toml: a line for each thing that does not agree.
# With --tag it then packs the tarballs into build/dist, with their checksums, and makes the annotated tag.
# usage: release.sh [--tag] (make release; see "To release" in CONTRIBUTING.md)
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
[[ $# == 0 || $* == --tag ]] || { echo 'usage: release.sh [--tag]' >&2; exit 2; }

version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q;}' Cargo.toml)
IFS=. read -r major minor patch <<< "$version"
node=ZSPLICE_$major.$minor
tag=v$version
wrong=0

disagree() {
	printf 'release: %s\n' "$*" >&2
	wrong=1
}

quoted=${version//./\\.}

# usage: has FILE REGEX WHAT: a whole line of the file has to be that.
has() {
	grep -qxE -e "$2" "$1" || disagree "$1: $3 is not $version"
}

check_tree() {
	[[ -z $(git status --porcelain) ]] || disagree 'git: something here is not committed'
	[[ -z $(git tag --list "$tag") ]] || disagree "git: there is a tag $tag already"
}

check_versions() {
	[[ $(sed -n '/^name = "zsplice"$/{n;s/.*"\(.*\)"/\1/p;}' Cargo.lock) == "$version" ]] ||
		disagree "Cargo.lock: the version is not $version"
	has include/zsplice.h "#define ZS_VERSION_MAJOR $major" 'ZS_VERSION_MAJOR'
	has include/zsplice.h "#define ZS_VERSION_MINOR $minor" 'ZS_VERSION_MINOR'
	has include/zsplice.h "#define ZS_VERSION_PATCH $patch" 'ZS_VERSION_PATCH'
	has contrib/zsplice.spec "Version: +$quoted" 'Version'
	has contrib/PKGBUILD "pkgver=$quoted" 'pkgver'
	has contrib/APKBUILD "pkgver=$quoted" 'pkgver'
	has bindings/python/zsplice/_version.py "__version__ = \"$quoted\"" '__version__'
	for file in CMakeLists.txt meson.build; do
		grep -qF Cargo.toml "$file" || disagree "$file: the version is not taken from Cargo.toml"
	done
}

# The news, and what tells them to distributions.
check_news() {
	local date heading
	heading=$(grep -m1 '^## ' NEWS.md)
	date=${heading#"## $version - "}
	if [[ $heading != "## $version - "* ]]; then
		disagree "NEWS.md: the newest entry is not $version"
	elif [[ ! $date =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || ! date --date "$date" > "$scratch" 2>&1; then
		disagree "NEWS.md: $version has no date, such as 2026-01-31"
	fi
	[[ $(head -n 1 debian/changelog) == "zsplice ($version-"* ]] ||
		disagree "debian/changelog: the newest entry is not $version"
	[[ $(head -n 1 debian/changelog) != *UNRELEASED* ]] || disagree 'debian/changelog: the newest entry is UNRELEASED'
	[[ $(grep -m1 -A1 '^%changelog' contrib/zsplice.spec | tail -n 1) == *" - $version-"* ]] ||
		disagree "contrib/zsplice.spec: the newest entry of %changelog is not $version"
	for file in README.md SECURITY.md; do
		! grep -q 'in the making' "$file" || disagree "$file: it says that something is in the making"
	done
}

# The text of a node of a map, without the line that begins it.
node_of() {
	sed -n "/^$node {/,/^}/p" "$1" | grep -o 'zs_[a-z0-9_]*' || true
}

check_map() {
	local functions
	functions=$(node_of zsplice.map)
	if [[ -z $(node_of tests/released.map) ]]; then
		[[ -z $functions ]] || disagree "tests/released.map: it has no $node"
	elif [[ $functions != "$(node_of tests/released.map)" ]]; then
		disagree "tests/released.map: $node is not what zsplice.map has"
	fi
}

scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
check_tree
check_versions
check_news
check_map
((!wrong)) || exit 1
echo "release: $version can be released"
[[ ${1:-} == --tag ]] || exit 0

# A folder with nothing else in it, so that SHA256SUMS has no other sum.
rm -rf build/dist
make --no-print-directory dist
(cd build/dist && sha256sum --check --strict --quiet SHA256SUMS)
for name in "zsplice-$version" "zsplice-$version-vendored"; do
	tar -xOf "build/dist/$name.tar.xz" "zsplice-$version/Cargo.toml" | cmp - Cargo.toml
done
git tag --annotate --message "zsplice $version" "$tag"
[[ $(git describe) == "$tag" ]] || { echo "release: git describe says $(git describe), not $tag" >&2; exit 1; }
echo "release: $tag is made, and build/dist has what belongs to it; git push origin $tag publishes it"
