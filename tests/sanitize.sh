#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the programs of c-tests under tools that see what a test does not:
#
#   address    ASan and LSan in the library and in the programs, UBSan in the programs
#   thread     TSan in both, for the programs that have threads
#   memcheck   valgrind's memcheck, with the library as it is
#   miri       the unit tests, interpreted (a nightly toolchain with miri)
#
#   tests/sanitize.sh [TOOL]...
#
# All of them, if none is named. First each has to report the programs of tests/sanitizers, which do what
# their names say, most of them inside of the library. PROGRAMS='^copy_', an extended regular expression,
# selects programs of c-tests. tests/sanitizers/exceptions.txt names those that a tool does not run, and why.
set -euo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Where the kernel spreads mappings over 32 bits (vm.mmap_rnd_bits), there is no place for the shadows of gcc 12.
if [[ -z ${SANITIZE_UNSPREAD-} ]] && setarch -R true 2> /dev/null; then
	export SANITIZE_UNSPREAD=1
	exec setarch -R tests/sanitize.sh "$@"
fi
work=$PWD/build/sanitize
exceptions=tests/sanitizers/exceptions.txt
target=$(rustc -vV | sed -n 's/^host: //p')
cargo=${CARGO:-cargo}

# What is missing: fatal where nothing may be skipped.
skip() {
	printf 'skipped: %s\n' "$*" >&2
	[[ -z ${CI-} || $CI == false ]]
}

# The library for a tool, and the prefix where tests/c_abi.rs finds it. It is not optimized, so that what is
# wrong is still there. Where arithmetic overflows it stops, and the test fails by its time limit.
build() {
	local tool=$1 prefix=$work/$1
	shift
	mkdir -p "$prefix/lib/pkgconfig"
	# The stable compiler has these options, too, once it takes itself for an unstable one.
	RUSTC_BOOTSTRAP=1 "$cargo" rustc --quiet --lib --crate-type staticlib --profile debugging \
		--no-default-features --target "$target" --target-dir "$work/cargo-$tool" -- "$@"
	cp "$work/cargo-$tool/$target/debugging/libzsplice.a" "$prefix/lib"
	ln -sfn "$PWD/include" "$prefix/include"
	sed -e "s|@PREFIX@|$prefix|; s|@LIBDIR@|$prefix/lib|; s|@INCLUDEDIR@|$prefix/include|; s|@VERSION@|0|" \
		pkgconfig/zsplice.pc.in > "$prefix/lib/pkgconfig/zsplice.pc"
}

# Fails unless the tool, $1, reports each program that has a line such as `/* address: heap-buffer-overflow */`.
prove() {
	local tool=$1 source program want told under
	read -ra under <<< "${ZS_TEST_UNDER-}"
	for source in tests/sanitizers/*.c; do
		want=$(sed -n "s|^/\* $tool: \(.*\) \*/\$|\1|p" "$source")
		[[ $want ]] || continue
		program=$work/$tool/$(basename "$source" .c)
		# shellcheck disable=SC2086 # several words
		gcc -g -std=c11 -D_GNU_SOURCE -pthread ${CFLAGS-} -Iinclude -o "$program" "$source" \
			"$work/$tool/lib/libzsplice.a"
		if told=$(timeout 60 "${under[@]}" "$program" 2>&1) || [[ $told != *"$want"* ]]; then
			printf '%s does not report "%s" of %s, but:\n%s\n' "$tool" "$want" "$source" "$told" >&2
			return 1
		fi
		printf '%s reports %s: %s\n' "$tool" "$source" "$want"
	done
}

# The names of the programs that a tool runs; those that use pthreads, if $2 is "threads".
programs() {
	local tool=$1 kind=$2 file name
	for file in c-tests/*/*.c c-tests/*/*.cc; do
		name=$(basename "${file%.*}")
		[[ $kind == threads ]] && ! grep -qE 't_thread|t_later|pthread_create|std::thread' "$file" && continue
		[[ $name =~ ${PROGRAMS-} ]] || continue
		grep -qE "^$tool +$name " "$exceptions" || printf 'archive::%s\n' "$name"
	done
}

# Runs them; what they are slowed down by is $2.
run() {
	local tool=$1 slower=$2 names
	mapfile -t names < <(programs "$tool" "${3-all}")
	if ((${#names[@]} == 0)); then
		printf 'no program is called %s\n' "${PROGRAMS-}" >&2
		return 1
	fi
	ZS_TEST_PREFIX=$work/$tool ZS_TEST_ARCHIVE_ONLY=1 ZS_TEST_SLOWER=$slower \
		RUST_TEST_THREADS=${THREADS:-$((2 * $(nproc)))} \
		"$cargo" test --quiet --test c_abi -- --exact "${names[@]}"
}

address() {
	# gcc's warning is wrong more often in what it has instrumented.
	local -x CC=gcc CXX=g++ \
		CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=undefined -Wno-maybe-uninitialized'
	# The stack for signals is freed in the middle of a cancelled thread's end, where libasan 12 reports itself.
	# No limit of memory: it has a thread that opens a file ten times a second, beside tests that count descriptors.
	local -x CXXFLAGS=$CFLAGS ASAN_OPTIONS='use_sigaltstack=0'
	build address -Zsanitizer=address
	prove address
	run address 3
}

thread() {
	local -x CC=gcc CXX=g++ CFLAGS='-fsanitize=thread -Wno-maybe-uninitialized'
	# A process that ends with threads sleeps for a second by default, and some programs have hundreds of children.
	local -x CXXFLAGS=$CFLAGS TSAN_OPTIONS='halt_on_error=1:atexit_sleep_ms=0'
	build thread -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer -Cllvm-args=-tsan-instrument-memintrinsics=0
	prove thread
	run thread 10 threads
}

memcheck() {
	local -x ZS_TEST_UNDER="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect \
		--errors-for-leak-kinds=definite,indirect --suppressions=$PWD/tests/sanitizers/memcheck.supp"
	if ! command -v valgrind > /dev/null; then
		skip 'valgrind is not installed'
		return
	fi
	build memcheck
	prove memcheck
	# Programs that need seccomp(2), which valgrind does not know, are skipped here, also where nothing may be.
	CI=false run memcheck 20
}

# Everything but what tests/sanitizers/exceptions.txt names, by the beginnings of the names.
miri() {
	local -a left_out run=("$cargo" +nightly miri test --quiet --lib --no-default-features
		--target-dir "$work/cargo-miri" --)
	local all name
	if ! "$cargo" +nightly miri --version > /dev/null 2>&1; then
		echo 'left out: no nightly toolchain with miri (rustup toolchain install nightly -c miri -c rust-src)'
		return
	fi
	mapfile -t left_out < <(sed -n 's/^miri *\([^ ]*\) .*/\1/p' "$exceptions")
	all=$("${run[@]}" --list)
	for name in "${left_out[@]}"; do
		[[ $'\n'$all == *$'\n'"$name"* ]] || {
			printf '%s: there is no unit test %s\n' "$exceptions" "$name" >&2
			return 1
		}
		run+=(--skip "$name")
	done
	"${run[@]}"
}

# A name that is mistyped, or of a program that is gone, excepts nothing.
while read -r tool name _; do
	[[ -z $tool || $tool == \#* || $tool == miri || -e $(echo c-tests/*/"$name".*) ]] || {
		printf '%s: there is no program %s\n' "$exceptions" "$name" >&2
		exit 1
	}
done < "$exceptions"

for tool in "${@:-address}"; do
	case $tool in
	address | thread | memcheck | miri) "$tool" ;;
	*) printf '%s: not address, thread, memcheck or miri\n' "$tool" >&2 && exit 2 ;;
	esac
done
