# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often the client calls, and how long it waits, while the service is in trouble."""

from __future__ import annotations

import time
from typing import Any, Iterator

import pytest

from ansible_collections.smtpd.email.plugins.module_utils import _client, _flows
from ansible_collections.smtpd.email.plugins.module_utils._client import Client, ServiceError
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._flows import Flow
from ansible_collections.smtpd.email.plugins.module_utils._options import resolve_connection
from ansible_collections.smtpd.email.plugins.module_utils._profiles import check_wanted
from tests.simulator import Simulator, running_simulator

RETRIES = 3
WANTED = {"profile_name": "newsletter", "sending_domain": "mail.example.com"}


@pytest.fixture(scope="module")
def shared_simulator() -> Iterator[Simulator]:
    with running_simulator(creating=0.0) as running:
        yield running


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Simulator:
    shared_simulator.reset()
    return shared_simulator


class Clock:
    """Takes the place of the module time: pauses take no time of ours, but of this clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (_client, _flows):
        monkeypatch.setattr(module, "time", clock)
    return clock


def client(simulator: Simulator, **options: Any) -> Client:
    options = {"api_url": simulator.url, "retries": RETRIES, **options}
    return Client(resolve_connection(options, {}))


def create(client: Client) -> Any:
    (outcome,) = Flow(client).ensure([check_wanted(WANTED)], "present", setup=False)
    return outcome


def test_a_token_is_asked_for_as_often_as_any_other_call_is_repeated(simulator: Simulator, clock: Clock) -> None:
    simulator.inject("token", status=503, times=1000)
    with pytest.raises(ServiceError, match="POST /oauth/token"):
        client(simulator, api_key=simulator.api_key, api_secret=simulator.api_secret).list_profiles()
    assert len(simulator.requests(endpoint="token")) == 1 + RETRIES
    assert len(clock.pauses) == RETRIES


def test_a_creation_that_was_accepted_is_never_sent_again(simulator: Simulator, clock: Clock) -> None:
    simulator.inject("create", status=202, html=True, times=1000)
    outcome = create(client(simulator, access_token=simulator.token))
    assert len(simulator.requests(endpoint="create")) == 1
    assert isinstance(outcome.error, SmtpdError) and "it is looked for first" in str(outcome.error)
    # It is looked for once more after each pause, and before anything was sent.
    assert len(simulator.requests(endpoint="list")) == 2 + len(clock.pauses)
    assert clock.pauses == sorted(clock.pauses) and len(clock.pauses) == RETRIES


def test_after_a_creation_that_may_have_been_done_the_service_cannot_shorten_the_pause(
    simulator: Simulator, clock: Clock
) -> None:
    simulator.inject("create", status=503, headers={"Retry-After": "0"})
    assert create(client(simulator, access_token=simulator.token)).error is None
    assert len(clock.pauses) == 1 and clock.pauses[0] >= 1.0


def test_without_waiting_each_creation_has_its_own_time_for_retries(simulator: Simulator, clock: Clock) -> None:
    flow = Flow(client(simulator, access_token=simulator.token))
    simulator.inject("create", status=429, headers={"Retry-After": "100"}, times=1)
    simulator.inject("create", status=429, headers={"Retry-After": "100"}, after=1, times=1)
    wanted = [check_wanted(dict(WANTED, profile_name="p%d" % number)) for number in range(2)]
    assert [outcome.error for outcome in flow.ensure(wanted, "present", setup=False)] == [None, None]
    assert len(simulator.requests(endpoint="create")) == 4
    assert clock.now - 1000.0 > _client.RETRY_BUDGET
