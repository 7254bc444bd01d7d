#!/bin/sh
# Sees zcat move a real file of 64 MiB: to a file, to a pipe, and from a pipe (make demo).
# usage: demo.sh ZCAT
set -eu
exec 2>&1 # What zcat -v tells, among what is told here.

zcat=$1
size=$((64 << 20))
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/zsplice-demo.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

input=$folder/input
output=$folder/output

# Says what the next figures are about.
scene() {
	printf '%-14s' "$1"
}

# Compares what has arrived with what was sent.
arrived() {
	cmp "$input" "$output"
	rm "$output"
}

# No byte of it is zero, and no two of its pages are alike.
seq -f '%015.0f' $((size / 16)) > "$input"
[ "$(wc -c < "$input")" -eq "$size" ]

printf '%s, %d bytes, in %s\n' "${zcat##*/}" "$size" "$folder"

scene 'file to file'
"$zcat" -v "$input" > "$output"
arrived

# The pipe's other end is cat's: what is seen to be moved is zcat's doing alone.
scene 'file to pipe'
"$zcat" -v "$input" | cat > "$output"
arrived

scene 'pipe to file'
cat < "$input" | "$zcat" -v > "$output"
arrived

echo 'all bytes are the same'
