# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Many calls at once, at a cost that thousands of them do not feel."""

from __future__ import annotations

import collections
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterable, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_at_once(function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> list[_Result]:
    """What the function returns for each item, in order.

    The threads take the items from one queue. A future for each, as C(ThreadPoolExecutor.map) makes, costs more than many a call.

    :param threads: how many calls may be under way at once.
    :raises Exception: what the function raised. Items that were not begun then are not called.
    """
    pending = collections.deque(enumerate(items))
    count = len(pending)
    results: dict[int, _Result] = {}

    def work() -> None:
        while True:
            try:
                place, item = pending.popleft()
            except IndexError:
                return
            try:
                results[place] = function(item)
            except BaseException:
                pending.clear()
                raise

    workers = min(threads, count)
    if workers <= 1:
        work()
    else:
        with ThreadPoolExecutor(workers) as pool:
            try:
                for future in [pool.submit(work) for _worker in range(workers)]:
                    future.result()
            except BaseException:  # also an interruption of this thread: the others end with the call that is under way
                pending.clear()
                raise
    return [results[place] for place in range(count)]
