# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the benchmark, in Markdown."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Sequence

from tests.bench.figures import Figures, Verdict, records
from tests.bench.runs import AGAIN, COMMAND_INFO, COMMAND_URI, FORKS, LIMIT, ROLE, TASK_INFO, TASK_URI, URI, Setting

HEAD = """\
# Benchmark, {date}

How long it takes to set sending profiles up, from nothing to `active` with nine DNS records each, in three ways:

- **uri playbook**: what is written today, [a playbook](../../tests/bench/uri_profile.yml) of `ansible.builtin.uri` and
  `community.general.nsupdate`: look in the list, create, poll until the records are made, publish them, ask for the
  verification, poll until active. It neither looks for conflicts, nor whether DNS answers. It was run for 1 and for
  {further} profiles; for more its time is calculated: the first profile's, and each further one's ({further_seconds}).
- **role**: `smtpd.email.sending_profile` with all its stages, and a **second run**, which changes nothing.
- **limit**: [a program](../../tests/bench/limit.py) that makes the same calls and updates and does nothing else, with
  {concurrency} calls under way at once (the role has 8).

![seconds by number of profiles]({date}.svg)

Medians of {repeat} runs in turns{large}, each against a fresh simulator and BIND on the same machine: {cpus} CPUs,
{system}, Python {python}, ansible-core {core}, where other programs kept {load:.1f} CPUs busy before. Only ratios mean
something elsewhere. The service takes {creating:g} s to create a profile, and for each answer the time that is called
latency here. The playbook pauses for {interval:g} s between two looks, and the role for as long at first.
{verification}

`make bench` measures it again.{failures}
"""


@dataclass(frozen=True)
class Circumstances:
    """How the figures came about.

    :param repeat: how often each was measured, with C(large) beside once for the largest number of profiles.
    :param failures: the first lines of what went wrong; such runs are in no figure.
    :param load: the average number of processes that wanted a CPU in the minute before.
    """

    setting: Setting
    date: str
    repeat: int
    large: bool = False
    failures: Sequence[str] = ()
    load: float = 0.0


def render(figures: Figures, verdicts: Sequence[Verdict], how: Circumstances) -> str:
    """The whole report. The chart is in a file beside it."""
    parts = [_head(figures, how), "## Targets\n", _targets(verdicts)]
    for latency in figures.latencies:
        parts += ["## Seconds at %g ms latency\n" % (1000 * latency), _seconds(figures, latency)]
    first = figures.latencies[0]
    if any(figures.as_hosts(latency) for latency in figures.latencies):
        parts += [
            "## Each profile as a host\n",
            "The role on hosts of an inventory, with %d forks, beside the same profiles in one list, in seconds.\n"
            % FORKS,
            _as_hosts(figures),
        ]
    parts += ["## One call\n", _one_call(figures), "## Where the role's time goes\n"]
    parts += [
        "Seconds of each task at %g ms latency. Those under 0.05 s are left out.\n" % (1000 * first),
        _tasks(figures, first),
    ]
    return "\n".join(parts)


def _head(figures: Figures, how: Circumstances) -> str:
    further = [
        "%.1f s at %g ms" % (seconds, 1000 * latency)
        for latency in figures.latencies
        if (seconds := figures.further_uri(latency)) is not None
    ]
    setting = how.setting
    return HEAD.format(
        date=how.date,
        repeat=how.repeat,
        creating=setting.creating,
        concurrency=setting.concurrency,
        load=how.load,
        further=max((sample.profiles for sample in figures.samples if sample.case == URI), default=0),
        further_seconds=", ".join(further) or "not measured",
        large=" (of 5,000 profiles one)" if how.large else "",
        failures="".join("\n\n**A run failed, and is in no figure:** %s" % failure for failure in how.failures),
        cpus=os.cpu_count(),
        system=platform.system(),
        python=platform.python_version(),
        core=version("ansible-core"),
        interval=setting.interval,
        verification="A verification asks BIND."
        if setting.ask_dns
        else "Asked to verify, the simulator takes the records for published, so as not to be itself what is measured.\n"
        "Whether they are is looked up in BIND after each run.",
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| %s |\n" % " | ".join(line) for line in lines)


def _targets(verdicts: Sequence[Verdict]) -> str:
    return table(("target", "measured", "result"), [(item.target, item.measured, item.word) for item in verdicts])


def number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else "{:,.{}f}".format(value, digits)


def _seconds(figures: Figures, latency: float) -> str:
    rows = []
    for size in figures.sizes:
        uri, role, again, limit = (
            figures.uri(size, latency),
            *(figures.seconds(case, size, latency) for case in (ROLE, AGAIN, LIMIT)),
        )
        if role is None and limit is None:
            continue
        rows.append(
            (
                number(size, 0),
                number(records(size), 0),
                number(uri),
                number(role),
                number(again),
                number(limit),
                number(figures.ratio(role, uri), 3),
                number(figures.ratio(role, limit)),
                number(figures.cpu(ROLE, size, latency)),
                number(figures.cpu(AGAIN, size, latency)),
                number(figures.calls(ROLE, size, latency), 0),
                number(figures.calls(AGAIN, size, latency), 0),
                number(figures.peak_mb(ROLE, size, latency), 0),
            )
        )
    return table(
        (
            "profiles",
            "records",
            "uri playbook",
            "role",
            "second run",
            "limit",
            "role / uri",
            "role / limit",
            "role, CPU",
            "second run, CPU",
            "calls",
            "calls, second run",
            "peak MB",
        ),
        rows,
    )


def _as_hosts(figures: Figures) -> str:
    rows = [
        (
            number(size, 0),
            "%g ms" % (1000 * latency),
            number(seconds),
            number(in_one),
            number(figures.ratio(seconds, in_one)),
        )
        for latency in figures.latencies
        for size, seconds, in_one in figures.as_hosts(latency)
    ]
    return table(("profiles", "latency", "as hosts", "in one list", "as hosts / in one list"), rows)


def _one_call(figures: Figures) -> str:
    rows = []
    for latency in figures.latencies:
        for what, info, uri in (("task", TASK_INFO, TASK_URI), ("command", COMMAND_INFO, COMMAND_URI)):
            one, other = (figures.seconds(case, 1, latency) for case in (info, uri))
            if one is not None:
                rows.append(
                    (
                        "as a %s, %g ms" % (what, 1000 * latency),
                        number(one, 3),
                        number(other, 3),
                        number(figures.ratio(one, other), 2),
                    )
                )
    return table(("the list of one account", "smtpd_profile_info", "uri", "ratio"), rows)


def _tasks(figures: Figures, latency: float) -> str:
    columns = [(case, size) for size in figures.sizes for case in (ROLE, AGAIN) if figures.tasks(case, size, latency)]
    by_column = [dict(figures.tasks(case, size, latency)) for case, size in columns]
    shown = {name for tasks in by_column for name, seconds in tasks.items() if seconds >= 0.05}
    names = [name for name in (by_column[0] if by_column else ()) if name in shown]
    head = ["task", *["%s%s" % (number(size, 0), ", second run" * (case == AGAIN)) for case, size in columns]]
    return table(head, [[name, *[number(tasks.get(name), 2) for tasks in by_column]] for name in names])
