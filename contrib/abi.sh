#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compares the binary interface of this source with that of the last release, the newest tag v*, or of another
# revision: both libraries are built with what a debugger wants to know, and abidiff(1) reads that. What programs that
# were linked with the older one can notice is a failure; contrib/abidiff.inside and .grown say what they cannot.
# usage: abi.sh [REVISION] (make abi)
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
release=${1:-$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2> /dev/null || true)}
[[ $release ]] || { echo 'abi: there is no release yet that this could be compared with (no tag v*)'; exit 0; }
if ! command -v abidiff > /dev/null; then
	[[ ! ${CI:-} || $CI == false ]] || { echo 'abi: CI=true, but abidiff is missing (Debian: abigail-tools)' >&2; exit 1; }
	echo 'skipped: abi: abidiff is missing (Debian: abigail-tools)'
	exit 0
fi

# The source of the release is packed out here and stays, as what is built of it.
commit=$(git rev-parse --verify --quiet "$release^{commit}") ||
	{ echo "abi: there is no revision $release" >&2; exit 1; }
old=build/abi/$commit
mkdir -p build/abi
if [[ ! -d $old ]]; then
	rm -rf "$old.new"
	mkdir "$old.new"
	git archive "$commit" | tar -x -C "$old.new"
	mv "$old.new" "$old"
fi

# usage: build TREE FOLDER
build() {
	mkdir -p "$1/$2"
	make --no-print-directory -C "$1" DEBUG=1 BUILD="$2" all > "$1/$2/log" 2>&1 || { tail -n 40 "$1/$2/log" >&2; exit 1; }
}
build "$old" build
build . build/abi/new

# usage: compare SUPPRESSIONS...
compare() {
	local options=(--no-added-syms --harmless) name
	for name; do
		options+=(--suppressions "contrib/abidiff.$name")
	done
	abidiff "${options[@]}" "$old/build/libzsplice.so" build/abi/new/libzsplice.so
}

echo "abi: from $release to what is here"
if told=$(compare inside); then
	echo 'abi: it fits'
# With the second file abidiff 2.2 lets pass everything about the options, also if they have not grown.
elif compare inside grown > build/abi/told && grep -q 'data member insertion' <<< "$told" &&
	! grep -qE 'data member (change|deletion)' <<< "$told"; then
	echo 'abi: it fits, and struct zs_options has grown at its end'
else
	printf '%s\n' "$told" "abi: programs that use $release may not work with this library" >&2
	exit 1
fi
