#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Renders the manual as HTML into a folder, with an index page.
# usage: html.sh FOLDER VERSION (make html)
set -eu
export LC_ALL=C
out=$1 version=$2
cd "$(dirname "$0")"

command -v mandoc > /dev/null || { echo 'mandoc is not installed (Debian: mandoc)' >&2; exit 1; }
mkdir -p "$out"
rm -f "$out"/*.html

# The page that a stub leads to, or the page itself.
target() {
	sed -n '1s|^\.so man3/||p;q' "$1" | grep . || printf '%s\n' "$1"
}

# What NAME says a page is about.
subject() {
	sed -n '/^\.SH NAME/,/^\.SH LIBRARY/p' "$1" | tr '\n' ' ' | sed 's/.* \\- \(.*\) \.SH LIBRARY.*/\1/; s/\\-/-/g'
}

# mandoc makes links of mdoc(7) only; these pages are man(7).
render() {
	mandoc -T html -O style=style.css "$1" |
		sed -e 's|<b>\(zs[a-z_]*\)</b>(\([37]\))|<a class="Xr" href="\1.\2.html">\1(\2)</a>|g' \
			-e 's|<body>|<body><nav><a href="index.html">zsplice</a></nav>|'
}

# A row of the index: a link, what is there, and the functions whose stubs lead there.
row() {
	printf '<tr><td><a href="%s.html">%s(%s)</a></td><td>%s' "$1" "${1%.*}" "${1##*.}" "$(subject "$1")"
	grep -l -x "\.so man3/$1" -- *.3 | sed 's|^\(.*\)\.3$|<code>\1</code>|; 1s|^|<br/>|'
	printf '</td></tr>\n'
}

# The rows of a section of the manual.
rows() {
	for file in *."$1"; do
		[ "$(target "$file")" != "$file" ] || row "$file"
	done
}

page() {
	printf '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
	printf '<meta name="viewport" content="width=device-width, initial-scale=1.0"/>\n'
	printf '<link rel="stylesheet" href="style.css"/>\n%s\n</head>\n<body>\n%s\n</body>\n</html>\n' "$1" "$2"
}

for file in *.3 *.7; do
	to=$(target "$file")
	if [ "$to" = "$file" ]; then
		render "$file" > "$out/$file.html"
	else
		page "<title>${file%.3}(3)</title><meta http-equiv=\"refresh\" content=\"0; url=$to.html\"/>" \
			"<p><a href=\"$to.html\">${to%.3}(3)</a></p>" > "$out/$file.html"
	fi
done
page "<title>zsplice $version</title>" "<h1>zsplice $version</h1>
<p>Moves bytes between descriptors inside the Linux kernel, and tells exactly how many arrived.</p>
<h2>Overview</h2>
<table>
$(rows 7)
</table>
<h2>Functions</h2>
<table>
$(rows 3)
</table>" > "$out/index.html"
cp style.css "$out/style.css"
