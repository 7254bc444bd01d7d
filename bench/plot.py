"""Draws lines as an SVG: a logarithmic x axis, a linear or logarithmic y axis, and each line's name at its end.

SPDX-License-Identifier: MIT OR Apache-2.0"""

import math
from html import escape

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 76, 214, 78, 74
INK, FAINT, GRID = "#1f2933", "#5f6c7b", "#e4e8ed"
OURS = "#d1345b"
OTHERS = ["#2f6db5", "#e08e1b", "#3a8f5c", "#7a52a8", "#0f9aa8", "#8a5a3c", "#6b7785", "#b3a11f", "#c06fb0", "#465e9c"]
LABEL = 17  # the least distance of two names


class Axis:
    """From values to pixels. `ticks` are its labelled values."""

    def __init__(self, low, high, begin, end, ticks, logarithmic):
        self.low, self.high, self.begin, self.end = low, high, begin, end
        self.ticks, self.logarithmic = ticks, logarithmic

    def at(self, value):
        scale = math.log if self.logarithmic else float
        share = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
        return self.begin + share * (self.end - self.begin)


def steps(high):
    """Round values from 0 to `high` or a little more: five to eight of them."""
    magnitude = 10 ** math.floor(math.log10(high))
    step = next(m * magnitude / 10 for m in (1, 2, 2.5, 5, 10, 20) if high / (m * magnitude / 10) <= 7)
    return [i * step for i in range(math.ceil(high / step - 1e-9) + 1)]


def y_axis(values, logarithmic):
    begin, end = HEIGHT - BOTTOM, TOP
    if not logarithmic:
        ticks = steps(max(values))
        return Axis(0, ticks[-1], begin, end, ticks, False)
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return Axis(10**low, 10**high, begin, end, [10**i for i in range(low, high + 1)], True)


def x_axis(values):
    return Axis(min(values), max(values), LEFT, WIDTH - RIGHT, sorted(set(values)), True)


def text(x, y, words, size=13, anchor="start", colour=INK, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{more}>{escape(words)}</text>'


def stroke(points, colour, width):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            'stroke-linejoin="round" stroke-linecap="round"/>')


def apart(places):
    """Moves places so far apart that names do not overlap, and keeps their order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for _ in range(200):
        for a, b in zip(order, order[1:]):
            lack = LABEL - (moved[b] - moved[a])
            if lack > 0.01:
                moved[a] -= lack / 2
                moved[b] += lack / 2
    # None beside the names below the axis.
    beyond = max(0, max(moved) - (HEIGHT - BOTTOM - 6))
    return [place - beyond for place in moved]


def short(value):
    return f"{value:,.10g}"


def grid(x, y, name_of_x, labels):
    parts = []
    for value in y.ticks:
        at = y.at(value)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(text(LEFT - 10, at + 4, short(value), 12, "end", FAINT))
    for value in x.ticks:
        at = x.at(value)
        parts.append(f'<path d="M{at:.1f} {HEIGHT - BOTTOM}v5" stroke="{FAINT}"/>')
        parts.append(text(at, HEIGHT - BOTTOM + 21, name_of_x(value), 12, "middle", FAINT))
    parts.append(f'<path d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}" stroke="{FAINT}"/>')
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 43, labels[0], 12, "middle", FAINT))
    parts.append(text(LEFT - 10, TOP - 14, labels[1], 12, "start", FAINT))
    return parts


def curves(lines, x, y):
    """The lines, ours last and above the others, and their names."""
    parts, names = [], []
    colours = iter(OTHERS * 2)
    painted = [(name, points, OURS if i == 0 else next(colours)) for i, (name, points) in enumerate(lines)]
    ends = [y.at(points[-1][1]) for _, points, _ in painted]
    for (name, points, colour), end, label in reversed(list(zip(painted, ends, apart(ends)))):
        is_ours = colour == OURS
        places = [(x.at(a), y.at(b)) for a, b in points]
        parts.append(stroke(places, colour, 3.2 if is_ours else 1.8))
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{3.6 if is_ours else 2.4}" fill="{colour}"/>' for a, b in places]
        from_x, label_x = places[-1][0] + 5, WIDTH - RIGHT + 24
        names.append(f'<path d="M{from_x:.1f} {end:.1f}L{label_x - 5} {label:.1f}" stroke="{colour}" stroke-opacity=".45" fill="none"/>')
        names.append(text(label_x, label + 4, name, 13, "start", colour, ' font-weight="bold"' if is_ours else ""))
    return parts + names


def draw(title, subtitle, labels, lines, name_of_x=short, logarithmic=False):
    """`lines`: names with their points (x, y), ours first. `labels`: of the axes. Returns the SVG."""
    x = x_axis([a for _, points in lines for a, _ in points])
    y = y_axis([b for _, points in lines for _, b in points], logarithmic)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
        text(24, 32, title, 19, more=' font-weight="bold"'),
        *grid(x, y, name_of_x, labels),
        *curves(lines, x, y),
        text(24, HEIGHT - 12, subtitle, 11, colour=FAINT),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
