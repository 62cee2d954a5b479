# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Waiting: for the service and for DNS it is done in the same way, so that the options mean the same everywhere."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, Iterator

from ._errors import InputError

_SHORTEST_PAUSE = 0.05  # seconds, so that nobody is asked without a break
_LONGEST_PAUSE = 10.0  # seconds, unless the first one is longer


@dataclass(frozen=True)
class Waiting:
    """How long to wait, and how long to pause first between two looks. Both in seconds."""

    timeout: float
    interval: float


def wait_spec(wait: bool) -> dict[str, dict[str, Any]]:
    """The options of waiting.

    :param wait: whether to wait by default.
    """
    return {
        "wait": {"type": "bool", "default": wait},
        "wait_timeout": {"type": "float", "default": 300.0},
        "wait_interval": {"type": "float", "default": 2.0},
    }


def check_seconds(option: str, value: float, positive: bool = False) -> float:
    """Check a duration in seconds: finite and not negative, or above zero where C(positive).

    :raises InputError: it is no such time.
    """
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        raise InputError(
            option, "%s is no possible time: give seconds, %s." % (value, "more than 0" if positive else "0 or more")
        )
    return value


def first_pause(interval: float) -> float:
    """The first pause that an interval stands for, in seconds."""
    return max(_SHORTEST_PAUSE, interval)


def pauses(interval: float) -> Iterator[float]:
    """The pauses between looks, without end: the first as told, growing to 10 s, with jitter. In seconds."""
    for pause in growing(first_pause(interval), _LONGEST_PAUSE, 1.5):
        yield pause * random.uniform(0.8, 1.2)


def growing(first: float, longest: float, factor: float) -> Iterator[float]:
    """Numbers that grow by a factor until they reach the longest, without end. Where the first is longer, it stays."""
    pause = first
    while True:
        yield pause
        pause = min(max(first, longest), pause * factor)
