# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many calls at once."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._threads import map_at_once


@pytest.mark.parametrize("threads", [1, 4, 100])
def test_results_are_in_the_order_of_the_items(threads: int) -> None:
    assert map_at_once(lambda number: number * 2, range(50), threads) == list(range(0, 100, 2))


def test_as_many_calls_as_told_are_under_way_at_once() -> None:
    together = threading.Barrier(4, timeout=10)
    assert map_at_once(lambda _item: together.wait() >= 0, range(8), 4) == [True] * 8


def test_each_item_is_called_once() -> None:
    called: list[int] = []
    map_at_once(called.append, range(1000), 8)
    assert sorted(called) == list(range(1000))


@pytest.mark.parametrize("threads", [1, 4])
def test_after_a_failure_no_other_call_begins(threads: int) -> None:
    called = []

    def fail(number: int) -> None:
        called.append(number)
        raise ValueError("no %d" % number)

    with pytest.raises(ValueError, match="no "):
        map_at_once(fail, range(1000), threads)
    assert len(called) <= threads


def test_nothing_takes_no_call() -> None:
    assert map_at_once(len, [], 4) == []
