# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many calls at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._threads import map_at_once

ENVIRON = {**os.environ, "PYTHONPATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")}


@pytest.mark.parametrize("threads", [1, 4, 100])
def test_results_are_in_the_order_of_the_items(threads: int) -> None:
    assert map_at_once(lambda number: number * 2, range(50), threads) == list(range(0, 100, 2))


def test_as_many_calls_as_told_are_under_way_at_once_and_no_more() -> None:
    together, lock, now, most = threading.Barrier(4, timeout=10), threading.Lock(), [0], [0]

    def call(_item: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait()
        with lock:
            now[0] -= 1

    map_at_once(call, range(8), 4)
    assert most == [4]


def test_each_item_is_called_once() -> None:
    called: list[int] = []
    map_at_once(called.append, range(1000), 8)
    assert sorted(called) == list(range(1000))


@pytest.mark.parametrize("threads", [1, 4])
def test_after_a_failure_no_other_call_begins(threads: int) -> None:
    called, failed = [], threading.Event()

    def call(number: int) -> None:
        called.append(number)
        if number == 0:
            failed.set()
            raise ValueError("no")
        failed.wait(10)
        time.sleep(0.01)

    with pytest.raises(ValueError, match="no"):
        map_at_once(call, range(1000), threads)
    assert len(called) < 100


INTERRUPTED = """
import os, signal, sys, threading, time
from ansible_collections.smtpd.email.plugins.module_utils._threads import map_at_once

called = []
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs have not

def call(number):
    called.append(number)
    if number == 8:
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.02)

try:
    map_at_once(call, range(1000), 4)
except KeyboardInterrupt:
    print(len(called))
"""


def test_after_an_interruption_no_other_call_begins() -> None:
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], check=True, stdout=subprocess.PIPE, text=True, env=ENVIRON
    )
    assert 8 < int(run.stdout) < 100


def test_nothing_takes_no_call() -> None:
    assert map_at_once(len, [], 4) == []
