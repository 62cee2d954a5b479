# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The report of C(_audit) as one HTML page that needs nothing else: no script, no other file, no network.

End tags and quotes that HTML 5 does not need are left out of what is there thousands of times.
"""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence
from urllib.parse import quote

from . import _dns_answers as dns
from ._audit import BROKEN, DEGRADED, OK, STATUSES, UNKNOWN, WRONG
from ._audit_style import STYLE
from ._markup import Markup, escaped, fill, joined
from ._rdata import TXT
from ._times import seconds_of

_Report = Mapping[str, Any]
_Profile = Mapping[str, Any]
_Record = Mapping[str, Any]

# So many bytes the tables may have together. The most urgent profiles get theirs first.
_TABLES = 2_300_000
# So many bytes the lines of profiles may have together.
_LINES = 500_000
# So many limits are shown one by one. So many more fold away, and a histogram tells how all of them lie.
_MANY_LIMITS, _MORE_LIMITS = 12, 188
# So many healthy profiles are shown in one part.
_PART = 100
_LIMIT_HOURS = 72

_TITLES = {BROKEN: "Broken", DEGRADED: "Degraded", UNKNOWN: "Unknown", OK: "OK"}
_MEANINGS = {
    BROKEN: "No mail goes out.",
    DEGRADED: "Mail goes out, but something is wrong that the service will notice.",
    UNKNOWN: "Nothing certain can be said. Look again.",
    OK: "The service and DNS agree. Nothing is to be done.",
}
# The shapes differ too, for those who cannot tell the colours apart, and for print.
_SHAPES = {
    BROKEN: '<path fill="currentColor" d="M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z"/>'
    '<path class="g" d="M8 8l8 8M16 8l-8 8"/>',
    DEGRADED: '<path fill="currentColor" '
    'd="M10.3 2.6 1 19a2 2 0 0 0 1.7 3h18.6A2 2 0 0 0 23 19L13.7 2.6a2 2 0 0 0-3.4 0z"/>'
    '<path class="g" d="M12 9v5.5M12 18v.2"/>',
    UNKNOWN: '<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2.4" '
    'stroke-dasharray="4.6 2.4"/>'
    '<path fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" '
    'd="M9.3 9.4a2.8 2.8 0 1 1 3.9 2.6c-.8.4-1.2.9-1.2 1.8M12 17v.2"/>',
    OK: '<circle cx="12" cy="12" r="11" fill="currentColor"/><path class="g" d="M7 12.5l3.4 3.4L17 9"/>',
}
# The page's icon in a tab has no style sheet.
_COLOURS = {BROKEN: "#d3372c", DEGRADED: "#e09b12", UNKNOWN: "#7d84c4", OK: "#279b6a"}


def page(report: _Report) -> str:
    """The page."""
    profiles = report["profiles"]
    status = report["summary"]["status"]
    account = report["account"]
    numbered = list(enumerate(profiles))
    budget = _Budget(_TABLES, _LINES)
    return fill(
        _PAGE,
        title=joined([_verdict(report), " · Sending profiles", *([" · ", account] if account else [])]),
        icon=_tab_icon(status),
        style=Markup(STYLE),
        symbols=joined(
            fill('<symbol id="i-{}" viewBox="0 0 24 24">{}</symbol>', name, Markup(_SHAPES[name])) for name in STATUSES
        ),
        header=_header(report),
        limits=_limits(numbered, seconds_of(report["generated_at"]) or 0.0),
        chooser=_chooser(report) if profiles else Markup(),
        sections=joined(_section(name, numbered, budget) for name in STATUSES),
    )


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="{icon}">
<style>
{style}</style>
</head>
<body>
<svg width="0" height="0" class="sprite" aria-hidden="true">{symbols}</svg>
{header}
<main>
{limits}{chooser}{sections}</main>
<footer>
<p>Hours left are an estimate: the service disables a profile that is in <i>pending</i> for 72 hours, and tells only \
when it was changed last.
<p>Made by <code>smtpd.email.audit</code>, which only looks, and changes nothing.
</footer>
</body>
</html>
"""


def _icon(status: str) -> Markup:
    return fill('<svg class="i {0}" aria-hidden="true"><use href="#i-{0}"/></svg>', status)


def _tab_icon(status: str) -> str:
    shape = _SHAPES[status].replace('class="g"', 'fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"')
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" color="%s">%s</svg>' % (_COLOURS[status], shape)
    return "data:image/svg+xml," + quote(svg, safe="/:=' ")


def _plural(number: int, word: str) -> str:
    return "%s %s%s" % (_number(number), word, "" if number == 1 else "s")


def _number(number: int) -> str:
    return "{:,}".format(number)


# What there is to say of all


def _verdict(report: _Report) -> str:
    """The whole report in one line."""
    count = report["summary"]["profiles"]
    total = count["total"]
    if not total:
        return "No profile was found"
    if count[BROKEN]:
        number = (
            "all %s profiles send" % _number(total)
            if count[BROKEN] == total > 1
            else (
                "%s of %s send%s"
                % (_number(count[BROKEN]), _plural(total, "profile"), "s" if count[BROKEN] == 1 else "")
            )
        )
        return number[0].upper() + number[1:] + " no mail"
    if count[DEGRADED]:
        return "%s of %s will soon send no mail" % (_number(count[DEGRADED]), _plural(total, "profile"))
    if count[UNKNOWN]:
        return "Of %s of %s nothing certain is known" % (_number(count[UNKNOWN]), _plural(total, "profile"))
    return "All %s are right" % _plural(total, "profile") if total > 1 else "The profile is right"


def _header(report: _Report) -> Markup:
    summary = report["summary"]
    return fill(
        """\
<header>
<p class="over">{icon}Audit of sending profiles{account}
<h1>{verdict}</h1>
<p class="when">The service and DNS were looked at on <time datetime="{iso}">{when}</time>.
<div class="sum">
{donut}
<div class="facts">
<ul class="legend">{legend}</ul>
{records}{first}</div>
</div>
</header>""",
        icon=_icon(summary["status"]),
        account=fill(" · <b><bdi>{}</bdi></b>", report["account"]) if report["account"] else "",
        verdict=_verdict(report),
        iso=report["generated_at"],
        when=_day_and_time(report["generated_at"]),
        donut=_donut(summary["profiles"]),
        legend=joined(_legend_item(status, summary["profiles"]) for status in STATUSES),
        records=_records_bar(summary["records"]),
        first=_first_limit(summary["first_limit"]),
    )


def _legend_item(status: str, count: Mapping[str, int]) -> Markup:
    inner = fill(
        "{}<b>{}</b> {}", _icon(status), _number(count[status]), _TITLES[status].lower() if status != OK else "OK"
    )
    return fill('<li><a href="#{}">{}</a>', status, inner) if count[status] else fill("<li>{}", inner)


def _donut(count: Mapping[str, int]) -> Markup:
    """A ring with a part for each status."""
    radius = 52
    around = 2 * math.pi * radius
    total = count["total"] or 1
    shown = [status for status in STATUSES if count[status]]
    gap = 3.0 if len(shown) > 1 else 0.0
    # A single profile of a thousand is seen too.
    least = 5.0
    sizes = {status: max(least, around * count[status] / total) for status in shown}
    sizes = {status: size * around / sum(sizes.values()) for status, size in sizes.items()}
    arcs, start = [], 0.0
    for status in shown:
        arcs.append(
            fill(
                '<circle class="{}" cx="64" cy="64" r="{}" stroke-dasharray="{:s} {:s}" stroke-dashoffset="{:s}"/>',
                status,
                radius,
                "%.2f" % max(1.0, sizes[status] - gap),
                "%.2f" % around,
                "%.2f" % -start,
            )
        )
        start += sizes[status]
    text = ", ".join("%s %s" % (_number(count[status]), _TITLES[status]) for status in shown) or "none"
    return fill(
        '<svg class="donut" viewBox="0 0 128 128" role="img" aria-label="{}: {}">'
        '<circle class="track" cx="64" cy="64" r="{}"/><g transform="rotate(-90 64 64)">{}</g>'
        '<text x="64" y="68" class="n{}">{}</text><text x="64" y="85" class="l">{}</text></svg>',
        _plural(count["total"], "profile"),
        text,
        radius,
        joined(arcs),
        " long" if total > 999 else "",
        _number(count["total"]),
        "profile" if count["total"] == 1 else "profiles",
    )


def _records_bar(count: Mapping[str, int]) -> Markup:
    """How many DNS records are right."""
    total = count["total"]
    if not total:
        return Markup()
    wrong = sum(count[status] for status in WRONG)
    parts = [(OK, count[dns.PRESENT], "right"), (BROKEN, wrong, "wrong"), (UNKNOWN, count[dns.UNKNOWN], "not known")]
    bars, start = [], 0.0
    for status, number, _word in parts:
        width = 100.0 * number / total
        if number:
            bars.append(
                fill(
                    '<rect class="{}" x="{}%" width="{}%" height="100%"/>',
                    status,
                    "%.3f" % start,
                    "%.3f" % max(width, 0.6),
                )
            )
        start += width
    text = ", ".join("%s %s" % (_number(number), word) for _status, number, word in parts if number)
    return fill(
        '<p class="fact"><b>{} DNS records</b>: {}<svg class="bar" aria-hidden="true">{}</svg>',
        _number(total),
        text,
        joined(bars),
    )


def _first_limit(first: Any) -> Markup:
    if not first:
        return Markup()
    return fill(
        '<p class="fact"><b>First to be disabled</b>: <bdi>{}</bdi>, {}, on {}',
        first["sending_domain"] or first["profile_id"],
        _left(first["hours_left"]),
        _day_and_time(first["disabled_after"]),
    )


def _left(hours: float) -> str:
    if hours <= 0:
        return "at any moment"
    if hours < 1:
        return "in %d min" % max(1, round(hours * 60))
    return "in %.1f h" % hours if hours < 10 else "in %d h" % hours


def _day_and_time(text: str) -> str:
    moment = datetime.fromtimestamp(seconds_of(text) or 0.0, timezone.utc)
    return "%s %d %s, %s UTC" % (moment.strftime("%A"), moment.day, moment.strftime("%B %Y"), moment.strftime("%H:%M"))


def _short_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%a %H:%M")


# The timeline


def _limits(numbered: Sequence[tuple[int, _Profile]], now: float) -> Markup:
    limited = sorted(
        ((number, profile) for number, profile in numbered if profile["hours_left"] is not None),
        key=lambda pair: pair[1]["hours_left"],
    )
    if not limited:
        return Markup()
    rows = [_limit_row(number, profile) for number, profile in limited]
    rest = rows[_MANY_LIMITS:]
    return fill(
        """\
<section class="limits" aria-labelledby="limits">
<h2 id="limits">Time left</h2>
<p class="sub">Each of these profiles is in <i>pending</i>. After 72 hours of it, the service disables a \
profile, and deletes it later.
{histogram}<div class="lanes"><svg class="axis" aria-hidden="true">{axis}</svg>
<ol>{rows}</ol></div>
{rest}</section>
""",
        histogram=_histogram([profile["hours_left"] for _number, profile in limited]) if rest else "",
        axis=joined(_axis(now)),
        rows=joined(rows[:_MANY_LIMITS]),
        rest=fill(
            "<details><summary>{}</summary><ol>{}</ol></details>\n",
            "The next %d of %s more" % (_MORE_LIMITS, _number(len(rest)))
            if len(rest) > _MORE_LIMITS
            else "%d more" % len(rest),
            joined(rest[:_MORE_LIMITS]),
        )
        if rest
        else "",
    )


def _urgency(hours: float) -> str:
    return "now" if hours < 12 else "soon" if hours < 36 else "later"


def _limit_row(number: int, profile: _Profile) -> Markup:
    hours = min(profile["hours_left"], _LIMIT_HOURS)
    share = "%.2f" % (100.0 * hours / _LIMIT_HOURS)
    return fill(
        '<li class="{}"><a href="#p{}"><bdi>{}</bdi></a><svg aria-hidden="true"><rect class="track" width="100%" '
        'height="100%"/>'
        '<rect width="{}%" height="100%"/></svg><span><b>{}</b> {}</span>',
        _urgency(hours),
        number,
        profile["sending_domain"] or profile["profile_id"],
        share,
        "any moment" if hours <= 0 else _left(hours)[3:],
        _short_time(seconds_of(profile["disabled_after"]) or 0.0),
    )


def _axis(now: float) -> Iterator[Markup]:
    for hours in range(0, _LIMIT_HOURS + 1, 12):
        anchor = "start" if hours == 0 else "end" if hours == _LIMIT_HOURS else "middle"
        share = "%.3f%%" % (100.0 * hours / _LIMIT_HOURS)
        yield fill('<line x1="{0}" x2="{0}" y1="34" y2="100%"/>', share)
        yield fill(
            '<text x="{}" y="12" text-anchor="{}"{}>{}</text><text x="{}" y="27" class="d" '
            'text-anchor="{}"{}>{}</text>',
            share,
            anchor,
            Markup(' class="odd"' if hours % 24 else ""),
            "now" if hours == 0 else "%d h" % hours,
            share,
            anchor,
            Markup(' visibility="hidden"' if hours % 24 else ""),
            _short_time(now + hours * 3600),
        )


def _histogram(all_hours: Iterable[float]) -> Markup:
    """How many limits lie in each stretch of six hours."""
    count = [0] * (_LIMIT_HOURS // 6)
    for hours in all_hours:
        count[min(int(hours // 6), len(count) - 1)] += 1
    height, most, width = 72, max(count), 100.0 / len(count)
    bars = []
    for index, number in enumerate(count):
        if number:
            tall = max(2.0, height * number / most)
            bars.append(
                fill(
                    '<g class="{}"><rect x="{}%" width="{}%" y="{}" height="{}" rx="2"/><text x="{}%" '
                    'y="{}">{}</text></g>',
                    _urgency(index * 6),
                    "%.3f" % (index * width + 0.4),
                    "%.3f" % (width - 0.8),
                    "%.1f" % (16 + height - tall),
                    "%.1f" % tall,
                    "%.3f" % ((index + 0.5) * width),
                    "%.1f" % (11 + height - tall),
                    _number(number),
                )
            )
    text = ", ".join(
        "%d in %d to %d hours" % (number, index * 6, index * 6 + 6) for index, number in enumerate(count) if number
    )
    return fill('<svg class="histogram" role="img" aria-label="Limits: {}">{}</svg>\n', text, joined(bars))


# The profiles


class _Budget:
    """What may still be written, so that the page of a huge account can be opened too."""

    def __init__(self, tables: int, lines: int) -> None:
        self._tables = tables
        self._lines = lines

    def table(self, table: Markup) -> Markup:
        """A table, or the hint that there is no room for it."""
        self._tables -= len(table.encode("utf-8"))
        return table if self._tables >= 0 else _NO_ROOM

    def has_line(self, line: Markup) -> bool:
        """Whether there is room for a line."""
        self._lines -= len(line.encode("utf-8"))
        return self._lines >= 0


_NO_ROOM = Markup("<p class=sub>There is no room for DNS records on this page any more: see the JSON report.\n")


def _chooser(report: _Report) -> Markup:
    """What is shown, chosen without a script."""
    count = report["summary"]["profiles"]
    choices = [
        fill(
            '<input type="radio" name="show" id="show-all" checked><label for="show-all"><b>{}</b> All</label>',
            _number(count["total"]),
        )
    ]
    choices += [
        fill(
            '<input type="radio" name="show" id="show-{0}"><label for="show-{0}" class="{0}"><b>{1}</b> {2}</label>',
            status,
            _number(count[status]),
            _TITLES[status],
        )
        for status in STATUSES
        if count[status]
    ]
    return fill('<fieldset class="show"><legend>Show</legend>{}</fieldset>\n', joined(choices))


def _section(status: str, numbered: Sequence[tuple[int, _Profile]], budget: _Budget) -> Markup:
    own = [(number, profile) for number, profile in numbered if profile["status"] == status]
    if not own:
        return Markup()
    return fill(
        '<section id="{status}" class="part {status}" aria-labelledby="h-{status}">\n'
        '<h2 id="h-{status}">{icon}{title} <span class="n">{count}</span></h2>\n<p '
        'class="sub">{meaning}\n{profiles}</section>\n',
        status=status,
        icon=_icon(status),
        title=_TITLES[status],
        count=_number(len(own)),
        meaning=_MEANINGS[status],
        profiles=_healthy(own, budget) if status == OK else _problems(own, budget),
    )


def _problems(own: Sequence[tuple[int, _Profile]], budget: _Budget) -> Markup:
    parts: list[Markup] = []
    for number, profile in own:
        part = _problem(number, profile)
        if not budget.has_line(part):
            parts.append(_left_out(len(own) - len(parts)))
            break
        parts.append(fill("{}{}</article>\n", part, _tables(profile, budget)))
    return joined(parts)


def _left_out(number: int) -> Markup:
    return fill(
        '<p class="sub">And {} more, for which there is no room on this page: see the JSON report.\n', _number(number)
    )


def _problem(number: int, profile: _Profile) -> Markup:
    hours = profile["hours_left"]
    return fill(
        '<article id="p{}" class="card">\n<h3><bdi>{}</bdi></h3>\n<p class="tags"><span class="tag">{}</span>{}\n'
        '<p class="id"><bdi>{}</bdi> · {}\n<p class="msg">{}\n',
        number,
        profile["sending_domain"] or "(no domain)",
        profile["state"] or "no state",
        ""
        if hours is None
        else fill(
            ' <span class="tag {}">{}</span>',
            _urgency(hours),
            ("the 72 hours are over" if hours <= 0 else "%s left" % _left(hours)[3:]),
        ),
        profile["profile_name"],
        profile["profile_id"],
        profile["message"],
    )


def _tables(profile: _Profile, budget: _Budget) -> Markup:
    """What is not right, open to the eye, and what is, folded away."""
    domain = profile["sending_domain"] or ""
    wrong = [record for record in profile["records"] if record["status"] != dns.PRESENT]
    right = [record for record in profile["records"] if record["status"] == dns.PRESENT]
    if not wrong:
        summary = "%s, all right" % _plural(len(right), "DNS record")
    else:
        summary = "%s right" % ("1 other record is" if len(right) == 1 else "%d other records are" % len(right))
    return joined(
        [
            budget.table(_table(wrong, domain)) if wrong else "",
            fill("<details><summary>{}</summary>\n{}</details>\n", summary, budget.table(_table(right, domain)))
            if right
            else "",
        ]
    )


def _healthy(own: Sequence[tuple[int, _Profile]], budget: _Budget) -> Markup:
    """The healthy profiles, a line each that unfolds; many in parts that unfold."""
    ordered = sorted(
        (profile for _number, profile in own),
        key=lambda profile: (profile["sending_domain"] or "", profile["profile_name"] or ""),
    )
    lines: list[Markup] = []
    for profile in ordered:
        line = _healthy_line(profile, budget)
        if line is None:
            break
        lines.append(line)
    left_out = _left_out(len(ordered) - len(lines)) if len(lines) < len(ordered) else Markup()
    if len(lines) <= _PART + _PART // 2:
        return fill('<div class="list">\n{}</div>\n{}', joined(lines), left_out)
    parts = []
    for start in range(0, len(lines), _PART):
        part = lines[start : start + _PART]
        parts.append(
            fill(
                '<details class="range"><summary><bdi>{}</bdi> to <bdi>{}</bdi> <span class="n">{}</span></summary>'
                '<div class="list">\n{}</div></details>\n',
                ordered[start]["sending_domain"],
                ordered[start + len(part) - 1]["sending_domain"],
                len(part),
                joined(part),
            )
        )
    return fill("{}{}", joined(parts), left_out)


def _healthy_line(profile: _Profile, budget: _Budget) -> Optional[Markup]:
    """The line of a healthy profile with what it unfolds to; C(None) where there is no room for it."""
    is_right = profile["diagnosis"] == "right"
    line = fill(
        "<details><summary><bdi>{}</bdi> <small><bdi>{}</bdi>{}</small></summary>{}<p class=id>{}",
        profile["sending_domain"] or profile["profile_id"],
        profile["profile_name"],
        "" if is_right else ", %s" % profile["diagnosis"],
        "" if is_right else fill("<p class=msg>{}", profile["message"]),
        profile["profile_id"],
    )
    if not budget.has_line(line):
        return None
    table = budget.table(_table(profile["records"], None)) if profile["records"] else ""
    return fill("{}\n{}</details>\n", line, table)


# The records of a profile


_HEAD = Markup("<table><thead><tr><th>Name<th>Type<th>Expected<th>DNS answers<th>Service<th>Diagnosis</thead><tbody>\n")


def _table(records: Sequence[_Record], domain: Optional[str]) -> Markup:
    return joined([_HEAD, *(_row(record, domain) for record in records), Markup("</table>\n")])


def _row(record: _Record, domain: Optional[str]) -> Markup:
    start = (_name(record["fqdn"], domain), record["type"], _value(record["type"], record["rdata"], domain))
    if record["status"] == dns.PRESENT:
        verdict = fill("<b>Server silent</b><br>{}", record["message"]) if record["diagnosis"] else "right"
        return fill("<tr><td>{}<td>{}<td>{}<td>as expected<td>{}<td>{}\n", *start, record["validation_state"], verdict)
    is_wrong = record["status"] in WRONG
    found = joined((_value(record["type"], value, domain) for value in record["found"]), Markup("<br>"))
    return fill(
        "<tr class={}><td>{}<td>{}<td>{}<td>{}<td>{}<td><b>{}</b><br>{}\n",
        "w" if is_wrong else "q",
        *start,
        found or ("nothing" if is_wrong else "no certain answer"),
        record["validation_state"],
        str(record["diagnosis"]).replace("_", " ").capitalize(),
        record["message"],
    )


def _name(fqdn: str, domain: Optional[str]) -> Markup:
    """A name; where there is room, the domain that all names of the profile have in common is put back a little."""
    name = fqdn.rstrip(".")
    if domain is None:
        return escaped(name)
    if not name.lower().endswith("." + domain.lower()):
        return _breakable(name)
    cut = len(name) - len(domain)
    return fill("{}<i>{}</i>", _breakable(name[:cut]), _breakable(name[cut:]))


def _value(type_: str, rdata: str, domain: Optional[str]) -> Markup:
    return escaped(rdata) if domain is None or type_ == TXT else _breakable(rdata)


def _breakable(name: str) -> Markup:
    """A name that goes on in the next line after a dot, rather than anywhere."""
    return joined(name.split("."), Markup(".<wbr>"))
