# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the samples say: medians, ratios, and whether each target is met. No input or output.

Targets are ratios of figures of one and the same run, because absolute figures are those of the machine.
"""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Any, Callable, Iterable

from tests.bench.runs import (
    AGAIN,
    COMMAND_INFO,
    COMMAND_URI,
    HOSTS,
    LIMIT,
    RECORDS,
    ROLE,
    TASK_INFO,
    TASK_URI,
    URI,
    Sample,
)

# How much more each further profile may cost among many than among few, for the cost to count as linear.
LINEAR = 1.3
# Seconds that a second run may take for 1,000 profiles, on a machine where the uri playbook takes so many for one.
SECOND_RUN, ONE_BY_URI = 8.0, 4.9
# How much slower counts as not slower: what two runs of the same command differ by.
NOISE = 1.05


@dataclass(frozen=True)
class Verdict:
    """Whether a target is met.

    :param passed: C(None) where it was not measured.
    """

    target: str
    measured: str
    passed: bool | None

    @property
    def word(self) -> str:
        return {True: "pass", False: "FAIL", None: "not measured"}[self.passed]


class Figures:
    """The medians of all samples."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self.samples = list(samples)
        self.latencies = sorted({sample.latency for sample in self.samples})
        self.sizes = sorted({sample.profiles for sample in self.samples if sample.case in (ROLE, LIMIT)})

    def of(self, case: str, profiles: int, latency: float) -> list[Sample]:
        return [
            sample
            for sample in self.samples
            if (sample.case, sample.profiles, sample.latency) == (case, profiles, latency)
        ]

    def seconds(self, case: str, profiles: int, latency: float) -> float | None:
        return self._median(self.of(case, profiles, latency), lambda sample: sample.seconds)

    def cpu(self, case: str, profiles: int, latency: float) -> float | None:
        return self._median(self.of(case, profiles, latency), lambda sample: sample.cpu)

    def peak_mb(self, case: str, profiles: int, latency: float) -> float | None:
        return max((sample.peak_mb for sample in self.of(case, profiles, latency)), default=None)

    def calls(self, case: str, profiles: int, latency: float) -> int | None:
        return max((sum(sample.calls.values()) for sample in self.of(case, profiles, latency)), default=None)

    def as_hosts(self, latency: float) -> list[tuple[int, float, float | None]]:
        """How many profiles were hosts, and what they took so and in one list, in seconds."""
        sizes = sorted({sample.profiles for sample in self.samples if sample.case == HOSTS})
        return [
            (size, seconds, self.seconds(ROLE, size, latency))
            for size in sizes
            if (seconds := self.seconds(HOSTS, size, latency)) is not None
        ]

    def further_uri(self, latency: float) -> float | None:
        """What each profile after the first costs the playbook of today, in seconds."""
        one = self.seconds(URI, 1, latency)
        more = max((sample.profiles for sample in self.samples if sample.case == URI), default=1)
        several = self.seconds(URI, more, latency)
        return None if one is None or several is None or more == 1 else (several - one) / (more - 1)

    def uri(self, profiles: int, latency: float) -> float | None:
        """What the playbook of today takes; from the first and from each further profile where it was not run."""
        measured, one = self.seconds(URI, profiles, latency), self.seconds(URI, 1, latency)
        further = self.further_uri(latency)
        if measured is not None or one is None or further is None:
            return measured
        return one + (profiles - 1) * further

    def ratio(self, one: float | None, other: float | None) -> float | None:
        return None if one is None or not other else one / other

    def tasks(self, case: str, profiles: int, latency: float) -> list[tuple[str, float]]:
        """Each task with the median of its seconds, in order."""
        runs = [_numbered(sample.tasks) for sample in self.of(case, profiles, latency)]
        if not runs:
            return []
        return [
            (name, statistics.median([run[name, number] for run in runs if (name, number) in run]))
            for name, number in runs[0]
        ]

    @staticmethod
    def _median(samples: list[Sample], value: Callable[[Sample], float]) -> float | None:
        return statistics.median([value(sample) for sample in samples]) if samples else None


def _numbered(tasks: list[dict[str, Any]]) -> dict[tuple[str, int], float]:
    """Seconds by name, and by how often the name came before."""
    before: Counter[str] = Counter()
    seconds = {}
    for task in tasks:
        name = task["task"].partition(" : ")[2] or task["task"]
        seconds[name, before[name]] = task["end"] - task["begin"]
        before[name] += 1
    return seconds


def judge(figures: Figures) -> list[Verdict]:
    """All targets."""
    verdicts = [_one_profile(figures, latency) for latency in figures.latencies]
    verdicts += [_against_limit(figures, latency) for latency in figures.latencies]
    verdicts += [_against_uri(figures, latency) for latency in figures.latencies]
    if 0.0 in figures.latencies:
        verdicts += _again(figures)
    verdicts += _modules(figures)
    verdicts += [_calls(figures), _memory(figures)]
    verdicts += [_linear(figures, latency) for latency in figures.latencies]
    return verdicts


def _at(latency: float) -> str:
    return "at %g ms" % (1000 * latency)


def _at_most(target: str, ratio: float | None, most: float, unit: str = "") -> Verdict:
    return Verdict(target, "" if ratio is None else "%.2f%s" % (ratio, unit), None if ratio is None else ratio <= most)


def _one_profile(figures: Figures, latency: float) -> Verdict:
    ratio = figures.ratio(figures.seconds(ROLE, 1, latency), figures.seconds(URI, 1, latency))
    return _at_most("1 profile, %s: the role takes at most 0.7 of the uri playbook" % _at(latency), ratio, 0.7)


def _against_limit(figures: Figures, latency: float) -> Verdict:
    most = 2.0 if latency >= 0.05 else 4.0
    ratio = figures.ratio(figures.seconds(ROLE, 1000, latency), figures.seconds(LIMIT, 1000, latency))
    return _at_most("1,000 profiles, %s: the role takes at most %g times the limit" % (_at(latency), most), ratio, most)


def _against_uri(figures: Figures, latency: float) -> Verdict:
    ratio = figures.ratio(figures.uri(1000, latency), figures.seconds(ROLE, 1000, latency))
    return Verdict(
        "1,000 profiles, %s: the role is at least 150 times faster than the uri playbook" % _at(latency),
        "" if ratio is None else "%.0f" % ratio,
        None if ratio is None else ratio >= 150,
    )


def _again(figures: Figures) -> list[Verdict]:
    seconds = figures.seconds(AGAIN, 1000, 0.0)
    what = "1,000 profiles, at 0 ms: the second run takes at most "
    return [
        _at_most(what + "%g s" % SECOND_RUN, seconds, SECOND_RUN, " s"),
        _at_most(
            what
            + "%.2f times the uri playbook for one profile, which is the same where that takes %g s"
            % (SECOND_RUN / ONE_BY_URI, ONE_BY_URI),
            figures.ratio(seconds, figures.seconds(URI, 1, 0.0)),
            SECOND_RUN / ONE_BY_URI,
        ),
    ]


def _modules(figures: Figures) -> list[Verdict]:
    verdicts = []
    for info, uri, what in ((TASK_INFO, TASK_URI, "as a task"), (COMMAND_INFO, COMMAND_URI, "as a command")):
        for latency in figures.latencies:
            ratio = figures.ratio(figures.seconds(info, 1, latency), figures.seconds(uri, 1, latency))
            verdicts.append(
                _at_most(
                    "One call %s, %s: smtpd_profile_info is not slower than uri (at most %g)"
                    % (what, _at(latency), NOISE),
                    ratio,
                    NOISE,
                )
            )
    return verdicts


def _calls(figures: Figures) -> Verdict:
    over, measured = [], []
    for size in figures.sizes:
        calls = max((figures.calls(ROLE, size, latency) or 0 for latency in figures.latencies), default=0)
        if calls:
            measured.append("%d for %d" % (calls, size))
            over += [size] if calls > 3 * size + 30 else []
    return Verdict("Calls for N new profiles: at most 3 N + 30", ", ".join(measured), not over if measured else None)


def _memory(figures: Figures) -> Verdict:
    peaks = [figures.peak_mb(case, 5000, latency) for case in (ROLE, AGAIN) for latency in figures.latencies]
    peak = max((peak for peak in peaks if peak is not None), default=None)
    return Verdict(
        "5,000 profiles: the largest process has less than 400 MB",
        "" if peak is None else "%.0f MB" % peak,
        None if peak is None else peak < 400,
    )


def _linear(figures: Figures, latency: float) -> Verdict:
    first, middle, last = (figures.seconds(ROLE, size, latency) for size in (100, 1000, 5000))
    ratio = None
    if first is not None and middle is not None and last is not None:
        ratio = figures.ratio((last - middle) / 4000, (middle - first) / 900)
    return _at_most(
        "Linear, %s: a profile from 1,000 to 5,000 costs at most %g times one from 100 to 1,000"
        % (_at(latency), LINEAR),
        ratio,
        LINEAR,
    )


def records(profiles: int) -> int:
    return profiles * RECORDS
