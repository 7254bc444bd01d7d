#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs all tests in Rust, and what has failed once more, with nothing beside it, since a busy machine may break a
# limit of time:
#
#     tests/again.sh COMMAND...      `cargo test`, with all that it needs before its own arguments
#
# What failed at first is told. The programs of c-tests get no third chance: tests/c_abi.rs has run them again.
# More than three failures are no accident of a busy machine, and a program that did not come to the end of its
# tests may have left any of them out: then nothing is run again.
set -euo pipefail
# The language is for this script, not for the tests.
own=(env -u LC_ALL)
[[ ! -v LC_ALL ]] || own=(env LC_ALL="$LC_ALL")
export LC_ALL=C

most=3
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() {
	"${own[@]}" "$@" 2>&1 | tee "$log"
}

# The names of the failed tests, if that is all that has failed. libtest prints two lists headed `failures:`, what
# each has written and then the names.
failed_tests() {
	awk '
		/^running [0-9]+ tests?$/ { is_cut_off += is_running; is_running = 1 }
		/^failures:$/ { list = ""; next }
		/^    [^ ]+$/ { list = list $1 "\n" }
		/^test result: / { is_running = 0 }
		/^test result: FAILED/ { names = names list }
		END { if (!is_cut_off && !is_running) printf "%s", names }' "$log"
}

status=0
run "$@" --no-fail-fast || status=$?
((status != 0)) || exit 0
mapfile -t failed < <(failed_tests)
if ((${#failed[@]} == 0 || ${#failed[@]} > most)) ||
	printf '%s\n' "${failed[@]}" | grep -qE '^(shared|archive|full_static)::'; then
	exit "$status"
fi
printf 'failed at first: %s\n' "${failed[@]}"
run "$@" --no-fail-fast -- --exact --test-threads=1 "${failed[@]}"
passed=$(awk '/^test result: / { sum += $4 } END { print sum + 0 }' "$log")
((passed >= ${#failed[@]}))
