# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark concludes from its samples."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench import chart, report
from tests.bench.figures import Figures, judge
from tests.bench.runs import (
    AGAIN,
    COMMAND_INFO,
    COMMAND_URI,
    HOSTS,
    LIMIT,
    ROLE,
    TASK_INFO,
    TASK_URI,
    URI,
    Sample,
    Setting,
)

FAST = {
    (URI, 1): 5.0,
    (URI, 3): 15.0,
    (ROLE, 1): 3.0,
    (ROLE, 100): 4.0,
    (ROLE, 1000): 13.0,
    (ROLE, 5000): 53.0,
    (AGAIN, 1000): 6.0,
    (LIMIT, 1000): 4.0,
    (TASK_URI, 1): 0.3,
    (TASK_INFO, 1): 0.3,
    (COMMAND_URI, 1): 1.0,
    (COMMAND_INFO, 1): 1.0,
}


def samples(**changes: float) -> list[Sample]:
    """One of each, with other seconds where named, such as C(role_1000=99)."""
    seconds = dict(FAST)
    for name, value in changes.items():
        case, _underscore, profiles = name.rpartition("_")
        seconds[case.replace("_", " "), int(profiles)] = value
    return [
        Sample(case, profiles, 0.0, value, peak_mb=100.0, calls={"create": 3 * profiles})
        for (case, profiles), value in seconds.items()
    ]


def missed(found: list[Sample]) -> list[str]:
    return [verdict.target for verdict in judge(Figures(found)) if verdict.passed is False]


def test_all_targets_can_be_met() -> None:
    assert missed(samples()) == []
    assert all(verdict.passed for verdict in judge(Figures(samples())))


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"role_1": 3.6}, "0.7 of the uri playbook"),
        ({"limit_1000": 3.0}, "4 times the limit"),
        ({"uri_3": 6.0}, "150 times faster"),
        ({"again_1000": 8.1}, "at most 8 s"),
        ({"task_info_1": 0.4}, "as a task"),
        ({"command_info_1": 1.1}, "as a command"),
        ({"role_5000": 70.0}, "Linear"),
    ],
)
def test_a_target_is_missed(changes: dict[str, float], target: str) -> None:
    (found,) = missed(samples(**changes))
    assert target in found


def test_calls_and_memory_have_targets() -> None:
    greedy = Sample(ROLE, 5000, 0.0, 53.0, peak_mb=401.0, calls={"create": 5000, "setup": 10031})
    found = [sample for sample in samples() if (sample.case, sample.profiles) != (ROLE, 5000)]
    calls, memory = missed([*found, greedy])
    assert "3 N + 30" in calls
    assert "400 MB" in memory


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {verdict.passed for verdict in judge(Figures([Sample(LIMIT, 1, 0.0, 1.0)]))} == {None}


def test_profiles_as_hosts_are_compared_with_one_list() -> None:
    found = [Sample(HOSTS, 10, 0.0, 30.0), Sample(ROLE, 10, 0.0, 4.0), Sample(HOSTS, 20, 0.05, 60.0)]
    figures = Figures(found)
    assert figures.as_hosts(0.0) == [(10, 30.0, 4.0)]
    assert figures.as_hosts(0.05) == [(20, 60.0, None)]
    setting = Setting(0.0, 0.2, 0.25, 8, 1, False, "")
    text = report.render(figures, judge(figures), report.Circumstances(setting, "2026-01-31", 1))
    assert "| 10 | 0 ms | 30.0 | 4.0 | 7.5 |" in text


def test_the_playbook_of_today_is_extrapolated() -> None:
    assert Figures(samples()).uri(1000, 0.0) == 5.0 + 999 * 5.0


def test_a_median_is_taken() -> None:
    found = [Sample(ROLE, 1, 0.0, seconds) for seconds in (9.0, 1.0, 2.0)]
    assert Figures(found).seconds(ROLE, 1, 0.0) == 2.0


def test_the_report_has_a_line_for_each_target_and_each_size() -> None:
    figures = Figures(samples())
    setting = Setting(0.0, 0.2, 0.25, 8, 1, False, "")
    how = report.Circumstances(setting, "2026-01-31", 3, failures=["role was too slow"])
    text = report.render(figures, judge(figures), how)
    assert text.count("| pass |") == len(judge(figures))
    assert "| 1,000 | 9,000 | 5,000.0 | 13.0 | 6.0 | 4.0 | 0.003 | 3.2 |" in text
    assert "(2026-01-31.svg)" in text
    assert "role was too slow" in text


@pytest.mark.parametrize("found", [samples(), [Sample(LIMIT, 1, 0.05, 1.0)], [Sample(TASK_URI, 1, 0.0, 1.0)]])
def test_the_chart_is_xml(found: list[Sample]) -> None:
    ElementTree.fromstring(chart.render(Figures(found)))
