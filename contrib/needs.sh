#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Says in one line what is missing, where cargo, gcc and others say it in many. The Makefile calls it:
#
#     needs.sh build CARGO CC AR OBJCOPY    to compile and link, for CARGO_BUILD_TARGET if that is set
#     needs.sh writable FOLDER...           to install into these, of which some need not exist
#     needs.sh pkg-config PKG_CONFIG        to compile a program
#     needs.sh tests                        to run the tests
#     needs.sh lints CARGO                  to check format and style

export LC_ALL=C

fail() {
	printf 'zsplice: %s\n' "$*" >&2
	exit 1
}

# needs.sh is given what make calls: a program and perhaps arguments.
installed() {
	command -v "${1%% *}" > /dev/null 2>&1
}

# The Debian package of a compiler or of a program of binutils, which begins with the machine that it is for.
package() {
	case $1 in
	*-linux-gnu*-*) printf '%s\n' "$2-${1%-*}" | tr _ - ;;
	musl-*) echo musl-tools ;;
	clang*) echo clang ;;
	*) echo "$2" ;;
	esac
}

# A program, the package that has it, and the variable that could name another.
tool() {
	installed "$1" ||
		fail "$1 is not installed (Debian: $(package "${1%% *}" "$2"))${3:+, or set $3}"
}

# What Cargo.toml asks for. Cargo and rustc come with the same version, and an older cargo cannot read Cargo.toml.
rust() {
	wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
	where="Debian 13: cargo; elsewhere: rustup"
	installed "$1" || fail "$1 is not installed: Rust $wanted or later is needed ($where), or set CARGO"
	version=$($1 --version) || fail "$1 does not run"
	version=${version#* } version=${version%% *}
	minor=${version#*.} minor=${minor%%.*}
	[ "${version%%.*}" -gt "${wanted%%.*}" ] || [ "$minor" -ge "${wanted#*.}" ] ||
		fail "$1 is of Rust $version: $wanted or later is needed ($where)"
}

# Whether rustc has its library for another machine. Which rustc `cargo +toolchain` calls is not known here.
rust_for() {
	libraries=$(rustc --print target-libdir --target "$1" 2> /dev/null) || return 0
	[ -d "$libraries" ] || fail "Rust has no library for $1 (rustup target add $1)"
}

writable() {
	place=$1
	while [ ! -e "$place" ]; do
		place=$(dirname "$place")
	done
	if [ ! -d "$place" ] || [ ! -w "$place" ]; then
		fail "cannot write to $place: install as root, or set PREFIX or DESTDIR"
	fi
}

what=$1
shift
case $what in
build)
	rust "$1"
	tool "$2" gcc CC
	tool "$3" binutils AR
	tool "$4" binutils OBJCOPY
	[ -z "$CARGO_BUILD_TARGET" ] || [ "$1" != cargo ] || rust_for "$CARGO_BUILD_TARGET"
	;;
writable)
	for folder in "$@"; do
		writable "$folder"
	done
	;;
pkg-config)
	tool "$1" pkg-config PKG_CONFIG
	;;
tests)
	tool pkg-config pkg-config
	tool "${CXX:-c++}" g++ CXX
	;;
lints)
	$1 fmt --version > /dev/null 2>&1 || fail 'cargo fmt is missing (Debian: rustfmt; rustup component add rustfmt)'
	$1 clippy --version > /dev/null 2>&1 ||
		fail 'cargo clippy is missing (Debian: rust-clippy; rustup component add clippy)'
	;;
esac
