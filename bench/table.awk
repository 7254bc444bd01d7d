# Prints a section's lines as tables.
#
# SPDX-License-Identifier: MIT OR Apache-2.0
BEGIN { FS = "\t" }

# "open": the goal lies within the uncertainty of the figure.
function reached(ratio, doubt, goal,  part, above) {
	split(goal, part, " ")
	above = ratio - part[2]
	if (above < doubt && -above < doubt) return "open"
	return (part[1] == "<=" ? above <= 0 : part[1] == "<" ? above < 0 : above >= 0) ? "yes" : "NO"
}

# A row of instruction counts is complete when the next one begins.
function flush_counts() {
	if (counts != "") printf "  %-32s%s\n", counted, counts
	counts = ""
}

# A table of figures is complete when there are no more rows.
function flush_figures(  t, r, c) {
	for (t = 1; t <= tables; t++) {
		printf "\n  %s\n  %19s", table[t], ""
		for (c = 1; c <= columns; c++) printf " %12s", column[c]
		for (r = 1; r <= rows; r++) {
			if (!((t, r) in has)) continue
			printf "\n  %-19s", row[r]
			for (c = 1; c <= columns; c++) printf " %12s", ((t, r, c) in cell) ? cell[t, r, c] : "-"
		}
		print ""
	}
	split("", number)
	split("", has)
	split("", cell)
	tables = rows = columns = 0
}

$1 != "counted" { flush_counts() }

$1 == "figure" {
	if (!(("t", $2) in number)) table[number["t", $2] = ++tables] = $2
	if (!(("r", $3) in number)) row[number["r", $3] = ++rows] = $3
	if (!(("c", $4) in number)) column[number["c", $4] = ++columns] = $4
	has[number["t", $2], number["r", $3]] = 1
	cell[number["t", $2], number["r", $3], number["c", $4]] = $5
}

$1 == "heading" {
	flush_figures()
	printf "\n  %s\n", $2
	titled = 0
}

$1 == "compare" {
	result = $10 == "-" ? "" : sprintf("%-8s %s", $10, reached($8, $9, $10))
	if ($8 ~ /^[+-]/) {
		$8 = sprintf("%+.1f", $8)
		$9 = sprintf("%.1f", $9)
	}
	if (!titled++)
		printf "  %-32s %-18s %8s  %-21s %8s %-5s  %7s  %6s  %s\n", \
			"", "ours", "", "beside", "", "", "ratio", "+-", "goal"
	printf "  %-32s %-18s %8s  %-21s %8s %-5s  %7s  %6s  %s\n", $2, $4, $5, $6, $7, $3, $8, $9, result
}

$1 == "counted" {
	if ($2 != counted) flush_counts()
	counted = $2
	counts = counts sprintf("  %s %.0f", $3, $5 / $4)
}

$1 == "amount" {
	printf "  %-32s %18s %8s %-58s  %s\n", $2, "", $3, $4, $5 == "-" ? "" : sprintf("%-8s %s", $5, reached($3, 0, $5))
}

$1 == "missing" { printf "  not measured: %s (%s)\n", $2, $3 }

END {
	flush_counts()
	flush_figures()
}
