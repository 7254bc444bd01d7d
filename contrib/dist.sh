#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Packs the source into FOLDER/zsplice-VERSION.tar.xz: what is committed, or, without git, what is here. With
# `vendored` also zsplice-VERSION-vendored.tar.xz, which has the crates that Cargo.lock names. The same source
# makes the same bytes.
# usage: dist.sh FOLDER VERSION [vendored] (make tarball, make dist)
set -euo pipefail
export LC_ALL=C
out=$1 name=zsplice-$2 vendored=${3:-}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
source=$work/$name
mkdir "$source"
cd "$root"

if [[ -e .git ]]; then
	git archive --format=tar HEAD | tar -x -C "$source"
	time=$(git log -1 --format=%ct)
	[[ -z $(git status --porcelain) ]] || echo 'warning: what is not committed is left out' >&2
else
	tar -c --exclude=./build --exclude=./target --exclude=./vendor --exclude=./.cargo . | tar -x -C "$source"
	time=$(stat --format=%Y Cargo.toml)
fi

# The same for every user, umask and time of day.
pack() {
	tar -c --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --sort=name \
		--mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w -C "$work" "$name" |
		xz -T1 > "$work/packed"
	mv "$work/packed" "$out/$1.tar.xz"
}

pack "$name"
if [[ $vendored ]]; then
	mkdir "$source/.cargo"
	cd "$source"
	# Not --quiet: that leaves out the configuration, which makes cargo look there.
	"${CARGO:-cargo}" vendor --locked --versioned-dirs vendor > .cargo/config.toml 2> "$work/log" ||
		{ cat "$work/log" >&2; exit 1; }
	pack "$name-vendored"
fi
cd "$out"
sha256sum "$name"*.tar.xz > SHA256SUMS
cat SHA256SUMS
