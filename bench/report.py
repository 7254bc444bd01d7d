#!/usr/bin/env python3
"""Makes of the figures in build/bench what a reader wants: one summary of all rows that have a goal, and plots.

    bench/report.py            prints the summary; writes summary.md and *.svg beside the figures
    bench/report.py publish    copies these to bench/results, and the tables to bench/README.md and README.md

bench/run does the first by itself.

SPDX-License-Identifier: MIT OR Apache-2.0"""

import re
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import plot

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "build/bench"
RESULTS = ROOT / "bench/results"
SECTIONS = [
    ("call", "One call"),
    ("full", "Whole transfers by one mechanism"),
    ("copy", "Files"),
    ("stream", "Sockets and pipes"),
    ("fanout", "One input to several outputs"),
    ("idle", "What is held"),
    ("relay", "Proxies"),
]

# The rows of README.md: what is measured, beside what, and where that stands: section, row, the other.
SHOWN = [
    ("`zcat file`, into a pipe", "`cat`", ("stream", "file to pipe", "cat")),
    ("a file to a new file, no shared blocks", "`cp`", ("copy", "this folder", "cp")),
    ("a proxy, bulk ({ours} GiB/s)", "HAProxy with splicing", ("relay", "1 connection", "HAProxy, splicing")),
    ("the same", "Go, `io.Copy`", ("relay", "1 connection", "Go, io.Copy")),
    ("the same", "Rust, `std::io::copy`", ("relay", "1 connection", "Rust, io::copy")),
    ("the same", "tokio, `copy_bidirectional`", ("relay", "1 connection", "tokio")),
    ("a proxy, 1,000 connections, 1-KiB messages", "HAProxy", ("relay", "1000 x 1 KiB", "HAProxy, read/write")),
    ("`zs_fanout`, one pipe to four", "read and write, 64 KiB", ("fanout", "4 pipes", "read 64K")),
]


class Row:
    """Ours beside another."""

    def __init__(self, section, heading, fields):
        self.section, self.heading = section, heading
        self.what, self.unit, self.ours, self.one, self.other, self.two, self.ratio, self.doubt, self.goal = fields

    def verdict(self):
        return verdict(float(self.ratio), float(self.doubt), self.goal)

    def line(self):
        return f"{self.ours:18.18} beside {self.other:22.22} {float(self.ratio):9.3f}"


class Amount:
    """A figure beside its goal only."""

    def __init__(self, section, heading, fields):
        self.section, self.heading = section, heading
        self.what, self.one, self.unit, self.goal = fields

    def verdict(self):
        return verdict(float(self.one), 0, self.goal)

    def line(self):
        return f"{self.one + ' ' + self.unit:58}"


def verdict(figure, doubt, goal):
    """As bench/table.awk has it."""
    if goal == "-":
        return ""
    sign, number = goal.split(" ")
    above = figure - float(number)
    if abs(above) < doubt:
        return "open"
    return "yes" if (above <= 0 if sign == "<=" else above < 0 if sign == "<" else above >= 0) else "NO"


class Figures:
    """All that the sections have printed."""

    def __init__(self, folder):
        self.machine = (folder / "machine").read_text().strip()
        self.rows, self.amounts, self.missing, self.plots = [], [], [], {}
        for section, _ in SECTIONS:
            path = folder / f"{section}.tsv"
            if path.exists():
                self.read(section, path.read_text().splitlines())

    def read(self, section, lines):
        heading = ""
        for line in lines:
            kind, *fields = line.split("\t")
            if kind == "heading":
                heading = fields[0]
            elif kind == "compare":
                self.rows.append(Row(section, heading, fields))
            elif kind == "amount":
                self.amounts.append(Amount(section, heading, fields))
            elif kind == "missing":
                self.missing.append(fields)
            elif kind == "point":
                name, line_name, x, y = fields
                self.plots.setdefault(name, {}).setdefault(line_name, []).append((float(x), float(y)))

    def find(self, section, what, other):
        return next((row for row in self.rows if (row.section, row.what, row.other) == (section, what, other)), None)


# The summary: on the terminal, every row that has a goal; in Markdown, every row.

def summary(figures):
    lines, counts, before = ["", "Summary: what has a goal"], {"yes": 0, "open": 0, "NO": 0}, None
    titles = dict(SECTIONS)
    wanted = [one for one in figures.rows + figures.amounts if one.goal != "-"]
    for one in sorted(wanted, key=lambda one: list(titles).index(one.section)):
        if (one.section, one.heading) != before:
            before = (one.section, one.heading)
            lines += ["", f"  {titles[one.section]}: {one.heading}"]
        counts[one.verdict()] += 1
        lines.append(f"    {one.what:36.36} {one.line()}  {one.goal:8} {one.verdict()}")
    lines += ["", "  " + ", ".join(f"{count} {name}" for name, count in counts.items())]
    lines += [f"  not measured: {what} ({why})" for what, why in unique(figures.missing)]
    return "\n".join(lines) + "\n"


def unique(pairs):
    return list(dict.fromkeys(map(tuple, pairs)))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def number(text):
    """Three digits of it, and no more than a reader wants."""
    value = float(text)
    if text[0] in "+-":
        return f"{value:+.0f}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def scaled(text, unit):
    """A figure with its unit, which is larger for a long time."""
    value, larger = float(text), {"ns": "us", "us": "ms", "ms": "s"}
    while unit in larger and value >= 10000:
        value, unit = value / 1000, larger[unit]
    return f"{number(f'{value:.4g}')} {unit}"


def marked(row):
    return f"**{number(row.ratio)}**" if row.verdict() == "NO" else number(row.ratio)


def beside_many(rows):
    """One column for each of the others."""
    others = list(dict.fromkeys(row.other for row in rows))
    whats = list(dict.fromkeys(row.what for row in rows))
    cells = {(row.what, row.other): row for row in rows}
    ours = {row.what: row for row in rows}
    body = [[what, scaled(ours[what].one, ours[what].unit)] +
            [marked(cells[what, other]) if (what, other) in cells else "" for other in others] for what in whats]
    return table(["", ours[whats[0]].ours, *others], body)


def beside_one(rows):
    """One line for each pair."""
    body = [[row.what, f"{row.ours}: {scaled(row.one, row.unit)}", f"{row.other}: {scaled(row.two, row.unit)}",
             marked(row), "" if row.goal == "-" else row.goal] for row in rows]
    return table(["", "ours", "beside", "ratio", "goal"], body)


def has_many(row, rows):
    """Whether the same of ours stands beside three others or more."""
    return sum((one.what, one.ours) == (row.what, row.ours) for one in rows) >= 3


def by_ours(rows):
    """Rows that can share a table, since ours is the same."""
    return [[row for row in rows if row.ours == ours] for ours in dict.fromkeys(row.ours for row in rows)]


def of_section(figures, section):
    """Its tables: one for each heading."""
    lines = []
    rows = [row for row in figures.rows if row.section == section]
    amounts = [one for one in figures.amounts if one.section == section]
    for heading in dict.fromkeys(row.heading for row in rows + amounts):
        mine = [row for row in rows if row.heading == heading]
        held = [[one.what, f"{number(one.one)} {one.unit}", one.goal] for one in amounts if one.heading == heading]
        lines += ["", f"{heading[0].upper()}{heading[1:]}:", ""]
        for rows_of_one in by_ours([row for row in mine if has_many(row, mine)]):
            lines += [*beside_many(rows_of_one), ""]
        few = [row for row in mine if not has_many(row, mine)]
        if few:
            lines += beside_one(few)
        if held:
            lines += table(["", "", "goal"], held)
        if lines[-1] == "":
            lines.pop()
    return lines


def markdown(figures):
    lines = [f"{figures.machine}. A ratio is ours to the other's; what misses its goal is bold.", ""]
    lines += [f"![{title_of(name)}](results/{name}.svg)\n" for name in PLOTS if name in figures.plots]
    for section, title in SECTIONS:
        tables = of_section(figures, section)
        if tables:
            lines += [f"### {title}", *tables, ""]
    missing = [f"{what} ({why})" for what, why in unique(figures.missing)]
    if missing:
        lines += ["Not measured: " + "; ".join(missing) + "."]
    return "\n".join(lines).strip() + "\n"


# Plots

def size(count):
    for unit, factor in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << factor:
            return f"{count / (1 << factor):g} {unit}"
    return f"{count:g} B"


PROXIES = ["zproxy", "by hand, read 64K", "HAProxy, splicing", "HAProxy, read/write", "nginx stream", "Go, io.Copy",
           "tokio", "tokio-splice2"]

# By name: title, labels of the axes, names along the x axis, whether y is logarithmic, and the lines, ours first
# (None: all).
PLOTS = {
    "copy": ("A file to a new file: throughput against size", ("size of the file", "GiB/s"), size, False, None),
    "tcp": ("A file to a TCP connection: throughput against size of a transfer", ("bytes sent at a time", "GiB/s"), size,
            False, None),
    "message": ("A proxy, one connection: throughput against size of a message", ("request, and answer", "MiB/s"), size,
                True, PROXIES),
    "connections": ("A proxy: CPU time of a request and its answer, 64 B each, against connections",
                    ("connections, each with one request on its way", "CPU µs of the proxy"), plot.short, False, PROXIES),
}


def title_of(name):
    return PLOTS[name][0]


def draw(figures, name):
    title, labels, name_of_x, logarithmic, wanted = PLOTS[name]
    lines = figures.plots[name]
    names = [line for line in wanted or lines if line in lines]
    return plot.draw(title, figures.machine, labels, [(line, sorted(lines[line])) for line in names], name_of_x,
                     logarithmic)


# The documents

def times(ratio):
    if ratio >= 10:
        return f"{ratio:.0f} times as fast"
    if ratio >= 1.03:
        return f"{ratio:.3g} times as fast"
    return f"equal ({ratio:.2f})" if ratio >= 0.97 else f"{ratio:.2f} of its speed"


def shown(figures):
    """The table of README.md."""
    found = [(what, beside, figures.find(*where)) for what, beside, where in SHOWN]
    body = [[what.format(ours=number(row.one)), beside, times(float(row.ratio))] for what, beside, row in found if row]
    lines = table(["work", "compared with", "zsplice is"], body)
    lines += ["", f"Medians of one run of `make bench`: {figures.machine}."]
    for name in ("copy", "connections"):
        if name in figures.plots:
            lines += ["", f"![{title_of(name)}](bench/results/{name}.svg)"]
    return "\n".join(lines) + "\n"


def replace(path, made):
    """Replaces what stands between the two comments that mark it."""
    begin, end = "<!-- made by bench/report.py publish -->\n", "<!-- end -->"
    text = path.read_text()
    before, rest = text.split(begin)
    path.write_text(before + begin + "\n" + made + "\n" + end + rest.split(end, 1)[1])


def publish(figures):
    lacking = [section for section, _ in SECTIONS if not (FIGURES / f"{section}.tsv").exists()]
    if lacking:
        sys.exit(f"bench/report.py: only a run of all sections is published; this one is without {', '.join(lacking)}")
    RESULTS.mkdir(exist_ok=True)
    for name in PLOTS:
        if name in figures.plots:
            shutil.copy(FIGURES / f"{name}.svg", RESULTS)
    replace(ROOT / "bench/README.md", markdown(figures))
    replace(ROOT / "README.md", shown(figures))


def main():
    figures = Figures(FIGURES)
    if sys.argv[1:] == ["publish"]:
        publish(figures)
        return
    print(summary(figures))
    (FIGURES / "summary.md").write_text(markdown(figures))
    for name in PLOTS:
        if name in figures.plots:
            (FIGURES / f"{name}.svg").write_text(draw(figures, name))
    print(f"{FIGURES.relative_to(ROOT)}: *.tsv (figures), summary.md, *.svg (plots)")


if __name__ == "__main__":
    main()
