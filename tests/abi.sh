#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Whether contrib/abi.sh sees what breaks programs, and lets pass what does not: in a clone of this repository with a
# release of its own, and changes of every kind after it.
# usage: abi.sh (run by .ci/run)
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-abi.XXXXXX")
trap 'rm -rf "$work"' EXIT
git clone --quiet --shared --no-tags . "$work/clone"
cp contrib/abi.sh contrib/abidiff.* "$work/clone/contrib"
cd "$work/clone"

# usage: expect passes|fails WORDS WHAT
expect() {
	local status=passes
	contrib/abi.sh > "$work/told" 2>&1 || status=fails
	if [[ $status != "$1" ]] || ! grep -q "$2" "$work/told"; then
		printf 'abi.sh: %s: it %s, and says:\n' "$3" "$status" >&2
		cat "$work/told" >&2
		exit 1
	fi
	printf '%s: it %s\n' "$3" "$status"
	git checkout --quiet src zsplice.map
}

expect passes 'no release yet' 'no tag'
git -c user.name=x -c user.email=x tag --annotate --message x v0.1.0
expect passes 'it fits' 'the same source'

cat >> src/abi/about.rs << 'END'

/// Another function.
#[no_mangle]
pub extern "C" fn zs_another(number: c_uint) -> c_uint {
    number
}
END
printf '\nZSPLICE_0.2 {\nglobal:\n\tzs_another;\n} ZSPLICE_0.1;\n' >> zsplice.map
expect passes 'it fits' 'one more function'

grep -rl SharedErrors src | xargs sed -i 's/SharedErrors/CommonErrors/g'
expect passes 'it fits' 'another name of a type that no program sees'

sed -i '/zs_via_names;/d' zsplice.map
expect fails "zs_via_names" 'a function less'

sed -i 's/^ZSPLICE_0.1 {/ZSPLICE_0.2 {/' zsplice.map
expect fails 'ZSPLICE_0.1' 'another version of the symbols'

sed -i 's/fn zs_version() -> c_uint {/fn zs_version() -> u64 {/; s/^    VERSION$/    VERSION as u64/' src/abi/about.rs
expect fails 'return type changed' 'another type of a result'

sed -i 's/fn zs_pool_limit(\(.*\)size_t)/fn zs_pool_limit(\1u32)/; s/limit(pipes)/limit(pipes as usize)/' src/abi/relay.rs
expect fails 'zs_pool_limit' 'another type of an argument'

sed -i 's/pub via: u32,/pub swapped: u32,/; s/pub side: u32,/pub via: u32,/; s/pub swapped: u32,/pub side: u32,/' src/abi/types.rs
expect fails 'zs_result' 'two members of the result in another order'

sed -i 's/pub rate: u64,/pub rate: u64,\n    \/\/\/ One more.\n    pub more: u64,/; s/^    rate: 0,/    rate: 0,\n    more: 0,/
	s/64 } else { 56 }/72 } else { 64 }/' src/abi/options.rs
expect passes 'grown at its end' 'one more option at the end'

sed -i 's/pub idle_ns: i64,/pub idle_ns: i64,\n    \/\/\/ One more.\n    pub more: u64,/; s/^    rate: 0,/    rate: 0,\n    more: 0,/
	s/64 } else { 56 }/72 } else { 64 }/' src/abi/options.rs
expect fails 'zs_options' 'one more option in the middle'

sed -i 's/so_far: \*const zs_result) -> c_int>/so_far: *const zs_result) -> i64>/' src/abi/options.rs
expect fails 'zs_options' 'another type of the function that tells the progress'

echo 'abi: all is well'
