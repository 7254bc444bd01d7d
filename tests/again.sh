#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs all tests, and what has failed once more, with nothing beside it, since a busy machine may break a limit
# of time:
#
#     tests/again.sh COMMAND...      `cargo test`, with all that it needs before its own arguments
#
# What failed at first is told. The programs of c-tests get no third chance: tests/c_abi.rs has run them again.
# More failures than a busy machine has are none of its doing.
set -euo pipefail
export LC_ALL=C

most=3
log=$(mktemp)
trap 'rm -f "$log"' EXIT

status=0
"$@" --no-fail-fast 2>&1 | tee "$log" || status=$?
((status != 0)) || exit 0

# The last of a target's two lists that begin so has nothing but names.
names=$(awk '
	/^failures:$/ { list = ""; next }
	/^    [a-z0-9_:]+$/ { list = list $1 "\n" }
	/^test result: FAILED/ { printf "%s", list }' "$log")
mapfile -t failed <<< "$names"
if [[ ! $names ]] || ((${#failed[@]} > most)) || grep -qE '^(shared|archive|full_static)::' <<< "$names"; then
	exit "$status"
fi
printf 'failed at first: %s\n' "${failed[@]}"
"$@" --no-fail-fast -- --exact --test-threads=1 "${failed[@]}" 2>&1 | tee "$log"
passed=$(awk '/^test result: / { sum += $4 } END { print sum + 0 }' "$log")
((passed >= ${#failed[@]}))
