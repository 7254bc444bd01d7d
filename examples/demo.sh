#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs zcat on a file of 64 MiB: to a file, to a pipe, and from a pipe. Runs zcp on the same file, on a
# sparse one, and, where root can mount a new file system, on one that shares blocks. Compares the bytes.
# usage: demo.sh ZCAT [ZCP] (make demo)
set -eu
export LC_ALL=C
exec 2>&1 # zcat -v reports to standard error

# The absolute name of a program.
whole() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$PWD/$1" ;;
	esac
}

zcat=$(whole "$1")
zcp=${2:+$(whole "$2")}
size=$((64 << 20))
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-demo.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"

# Prints what the next report is about.
scene() {
	printf '%-16s' "$1"
}

# Compares the copy with its source.
arrived() {
	cmp "${1:-input}" output
	rm output
}

# No byte of it is zero, and no two of its pages are alike.
seq -f '%015.0f' $((size / 16)) > input
[ "$(wc -c < input)" -eq "$size" ]

printf '%s, %d bytes, in %s\n' "${zcat##*/}" "$size" "$folder"

scene 'file to file'
"$zcat" -v input > output
arrived

scene 'file to pipe'
"$zcat" -v input | cat > output
arrived

scene 'pipe to file'
cat < input | "$zcat" -v > output
arrived

if [ -z "$zcp" ]; then
	echo 'all bytes are the same'
	exit
fi
printf '%s, the same file\n' "${zcp##*/}"

scene 'file to file'
"$zcp" -v input output
arrived

# A page of data at the beginning, in the middle and at the end.
truncate -s "$size" sparse
for at in 0 $((size / 8192)) $((size / 4096 - 1)); do
	dd if=input of=sparse bs=4096 count=1 skip="$at" seek="$at" conv=notrunc status=none
done
scene 'with holes'
"$zcp" -v sparse output
arrived sparse

# Whether we can mount a file system in a namespace of our own.
may_mount() {
	[ "$(id -u)" -eq 0 ] && command -v mkfs.xfs > /dev/null && unshare --mount true 2> /dev/null
}

# Copies on a new xfs, mounted in a namespace that ends with the copy. 77: it cannot be mounted.
shares() {
	truncate -s 320M image
	mkfs.xfs -q -m reflink=1 image && mkdir xfs || return
	# shellcheck disable=SC2016 # The inner shell expands $1.
	unshare --mount --propagation private sh -euc '
		mount -o loop image xfs 2> mount.log || exit 77
		cd xfs
		cp ../input .
		"$1" -v --reflink=always input output
		cmp input output' sh "$zcp"
}

scene 'sharing blocks'
PATH=$PATH:/usr/sbin:/sbin
if ! may_mount; then
	echo 'skipped: that takes root and mkfs.xfs'
elif shares; then
	rm -r image xfs
elif [ $? -eq 77 ]; then
	printf 'skipped: %s\n' "$(head -n 1 mount.log)"
else
	exit 1
fi

echo 'all bytes are the same'
