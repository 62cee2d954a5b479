# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running simulator, and an HTTP client that knows nothing of it."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest
import requests

from tests.simulator import Simulator, running_simulator

Call = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Iterator[Simulator]:
    """A simulator with no profile, quick, and with its default rules."""
    before = shared_simulator.settings()
    shared_simulator.reset()
    shared_simulator.settings(creating=0.0, recheck=0.05)
    yield shared_simulator
    shared_simulator.settings(**before)


@pytest.fixture
def call(simulator: Simulator) -> Iterator[Call]:
    """Call the service as the contract says: method, path, and more for requests."""
    with requests.Session() as session:
        session.trust_env = False

        def send(method: str, path: str, **more: Any) -> requests.Response:
            headers = {"Authentication": "Bearer " + simulator.token, **more.pop("headers", {})}
            return session.request(method, simulator.url + path, headers=headers, allow_redirects=False,
                                   timeout=more.pop("timeout", 10), **more)

        yield send
