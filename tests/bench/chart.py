# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chart of the benchmark: seconds by number of profiles, both logarithmic, one panel for each latency. As SVG."""

from __future__ import annotations

import math
from typing import Callable, Sequence
from xml.sax.saxutils import escape

from tests.bench.figures import Figures
from tests.bench.runs import AGAIN, LIMIT, ROLE

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 430, 330, 60, 40, 60
_PLOT_WIDTH = _WIDTH - _LEFT - 30

# Colours and a grey that can be read on white and on black.
_TEXT = "#808890"
_URI = "uri playbook"  # dashed, since most of it is calculated
_LINES: list[tuple[str, str, Callable[[Figures, int, float], float | None]]] = [
    (_URI, "#d9534f", lambda figures, size, latency: figures.uri(size, latency)),
    ("role", "#2f80ed", lambda figures, size, latency: figures.seconds(ROLE, size, latency)),
    ("second run", "#27a86b", lambda figures, size, latency: figures.seconds(AGAIN, size, latency)),
    ("limit", "#d9910a", lambda figures, size, latency: figures.seconds(LIMIT, size, latency)),
]

Points = Sequence[tuple[float, float]]


def render(figures: Figures) -> str:
    """The chart as the text of an SVG file."""
    lines = {
        (name, latency): [(size, value) for size in figures.sizes if (value := get(figures, size, latency))]
        for name, _colour, get in _LINES
        for latency in figures.latencies
    }
    points = [point for line in lines.values() for point in line]
    latencies = figures.latencies if points else []
    panels = [_panel(index, latency, lines, points) for index, latency in enumerate(latencies)]
    width = _WIDTH * max(1, len(figures.latencies))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" '
        'font-family="sans-serif" font-size="12" fill="%s">\n'
        "<title>Seconds to set profiles up, by their number</title>\n%s</svg>\n"
        % (width, _HEIGHT, width, _HEIGHT, _TEXT, "".join(panels) + _legend())
    )


def _panel(index: int, latency: float, lines: dict[tuple[str, float], Points], points: Points) -> str:
    scale_x, scale_y = (
        _Scale([x for x, _y in points], 0, _PLOT_WIDTH),
        _Scale([y for _x, y in points], _HEIGHT - _TOP - _BOTTOM, 0),
    )
    parts = [
        '<g transform="translate(%d %d)">\n' % (index * _WIDTH + _LEFT, _TOP),
        _text(_PLOT_WIDTH / 2, -16, "seconds by number of profiles, %g ms latency" % (1000 * latency), "middle"),
    ]
    for power in scale_y.powers:
        y = scale_y(power)
        parts.append(_rule(0, y, _PLOT_WIDTH, y) + _text(-8, y + 4, "{:,g}".format(power), "end"))
    for power in scale_x.powers:
        x = scale_x(power)
        parts.append(_rule(x, scale_y.low, x, scale_y.high))
        parts.append(_text(x, scale_y.low + 18, "{:,.0f}".format(power), "middle"))
    for name, colour, _get in _LINES:
        places = [(scale_x(x), scale_y(y)) for x, y in lines[name, latency]]
        parts.append(
            '<polyline fill="none" stroke="%s" stroke-width="2"%s points="%s"/>\n'
            % (colour, ' stroke-dasharray="5 4"' * (name == _URI), " ".join("%.1f,%.1f" % place for place in places))
        )
        parts += ['<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>\n' % (*place, colour) for place in places]
    return "".join([*parts, "</g>\n"])


class _Scale:
    """A logarithmic axis from one power of ten to another.

    :param low: where it begins, and C(high) where it ends, in pixels.
    """

    def __init__(self, values: Sequence[float], low: float, high: float) -> None:
        self.low, self.high = low, high
        self._first = math.floor(math.log10(min(values)))
        self._last = max(math.ceil(math.log10(max(values))), self._first + 1)
        self.powers = [10.0**exponent for exponent in range(self._first, self._last + 1)]

    def __call__(self, value: float) -> float:
        return self.low + (math.log10(value) - self._first) / (self._last - self._first) * (self.high - self.low)


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return '<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-opacity="0.3"/>\n' % (x1, y1, x2, y2, _TEXT)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return '<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>\n' % (x, y, anchor, escape(text))


def _legend() -> str:
    parts = []
    for number, (name, colour, _get) in enumerate(_LINES):
        x, y = _LEFT + 96 * number, _HEIGHT - 12
        parts.append('<circle cx="%d" cy="%d" r="4" fill="%s"/>\n' % (x, y - 4, colour))
        parts.append(_text(x + 9, y, name, "start"))
    return "".join(parts)
