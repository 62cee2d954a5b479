# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of trust share."""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterator

import pytest
from hypothesis import settings

from tests.simulator import Simulator, running_simulator
from tests.trust.matrix import FAULTS, RUNS, cells, refusals

MATRIX = "test_fault_matrix.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix", choices=["sample", "all"], default="sample", help="which cells of the fault matrix are tried"
    )
    parser.addoption("--kill-points", type=int, default=4, help="at how many moments the role is killed")
    parser.addoption("--kill-first", type=int, default=0, help="the first seed of these moments")
    parser.addoption("--fuzz-examples", type=int, default=100, help="how many examples each test of fuzzing tries")


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("trust", max_examples=config.getoption("fuzz_examples"), print_blob=True)
    settings.load_profile("trust")


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with running_simulator(recheck=0.05, auth_header="both") as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Simulator:
    """The service, with no profile, no fault and no request in its log. To it, every DNS record is published."""
    shared_simulator.reset()
    shared_simulator.settings(creating=0.02, latency=0.0, token_lifetime=3600.0, dns=None)
    return shared_simulator


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow quickly, and end soon."""
    from ansible_collections.smtpd.email.plugins.module_utils import _client

    monkeypatch.setattr(_client, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(_client, "RETRY_BUDGET", 1.0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell the size of the fault matrix and of other trials, and what came of them."""
    killed = Counter(
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "killed"
    )
    if killed:
        terminalreporter.write_line("Killed runs after which the next one was right: %d" % killed.total())
        for where, number in sorted(killed.items()):
            terminalreporter.write_line("  %3d by %s" % (number, where))
    counts = {
        outcome: len([report for report in terminalreporter.stats.get(outcome, []) if MATRIX in report.nodeid])
        for outcome in ("passed", "failed", "error")
    }
    if sum(counts.values()):
        whole = len(cells()) + len(refusals())
        terminalreporter.write_line(
            "Fault matrix: %d runs x their endpoints x %d faults x once and always, and refused connections at each point: %d cells%s. "
            "Of these %d were tried: %d held, %d did not."
            % (
                len(RUNS),
                len(FAULTS),
                whole,
                " (a sample has every fault at every endpoint; make trust-all tries all)"
                if config.getoption("matrix") == "sample"
                else "",
                sum(counts.values()),
                counts["passed"],
                counts["failed"] + counts["error"],
            )
        )
