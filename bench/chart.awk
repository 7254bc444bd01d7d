# Draws a section's comparisons as an SVG: ours above, the other below, and a mark where the goal is.
#
# SPDX-License-Identifier: MIT OR Apache-2.0
BEGIN {
	FS = "\t"
	left = 330
	width = 420
	top = 50
}

function text(x, y, size, anchor, words) {
	gsub(/&/, "\\&amp;", words)
	gsub(/</, "\\&lt;", words)
	body = body sprintf("<text x=\"%d\" y=\"%d\" font-size=\"%d\" text-anchor=\"%s\">%s</text>\n", \
		x, y, size, anchor, words)
}

function bar(y, share, colour) {
	body = body sprintf("<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>\n", \
		left, y, width * share, colour)
}

$1 == "heading" {
	top += 14
	text(10, top + 10, 13, "start", $2)
	top += 22
}

$1 == "compare" {
	most = $5 > $7 ? $5 : $7
	good = 1
	if ($10 != "-") {
		split($10, part, " ")
		mark = part[2] ~ /^[+]/ ? $7 + part[2] : $7 * part[2]
		if (mark > most) most = mark
		good = part[1] == "<=" ? $8 + 0 <= part[2] + 0 : $8 + 0 >= part[2] + 0
	}
	text(left - 8, top + 15, 11, "end", $2)
	bar(top, $5 / most, good ? "#2a7" : "#c52")
	bar(top + 12, $7 / most, "#999")
	text(left + width + 8, top + 9, 10, "start", $4 " " $5 " " $3)
	text(left + width + 8, top + 21, 10, "start", $6 " " $7 " " $3)
	if ($10 != "-")
		body = body sprintf("<path d=\"M%.1f %d v15\" stroke=\"black\" stroke-width=\"2\"/>\n", \
			left + width * mark / most, top - 2)
	top += 32
}

END {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\">\n", \
		left + width + 240, top + 10
	printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
	printf "<text x=\"10\" y=\"28\" font-size=\"18\">%s</text>\n", title
	printf "<text x=\"10\" y=\"46\" font-size=\"11\">colour: ours, green where it reaches its goal (the black mark); grey: beside it</text>\n"
	printf "%s</svg>\n", body
}
