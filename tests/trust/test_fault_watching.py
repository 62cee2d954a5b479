# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every endpoint while profiles are watched: no fault is taken for a change, and no change is lost by one."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, Iterator

import dns.flags
import dns.message
import dns.rcode
import pytest

from ansible_collections.smtpd.email.plugins.module_utils._watch_options import settings_from
from ansible_collections.smtpd.email.plugins.module_utils._watch_run import Watcher
from tests.simulator import Simulator
from tests.support.odd_dns import OddServer
from tests.trust.matrix import ALWAYS, FAULTS, ONCE
from tests.trust.test_fault_matrix import assert_no_secret

ENDPOINTS = ("token", "list", "get", "setup")
MINUTE = 60.0
FAULTY_LOOKS, MORE_LOOKS = 2, 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" not in metafunc.fixturenames:
        return
    cells = [
        (endpoint, fault, times)
        for endpoint in ENDPOINTS
        for fault in FAULTS
        for times in (ONCE, ALWAYS)
        if endpoint not in FAULTS[fault].untrue
    ]
    if metafunc.config.getoption("matrix") == "sample":
        cells = cells[::7]
    ids = ["%s-%s-%s" % (endpoint, fault, "once" if times == ONCE else "always") for endpoint, fault, times in cells]
    metafunc.parametrize(("endpoint", "fault", "times"), cells, ids=ids)


class Dns:
    """A name server that fails until it is told that there is no record."""

    def __init__(self) -> None:
        self.rcode = dns.rcode.SERVFAIL

    def respond(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.set_rcode(self.rcode)
        return response


class Watch:
    """A watcher that looks when it is told to, a minute later each time."""

    def __init__(self, simulator: Simulator, nameserver: str, timeout: float) -> None:
        given = {
            "api_url": simulator.url,
            "api_key": simulator.api_key,
            "api_secret": simulator.api_secret,
            "timeout": timeout,
            "retries": 2,
            "interval": MINUTE,
            "confirmations": 1,
            "reminder_interval": 0,
            "expiring_hours": "",
            "dns": True,
            "dns_interval": MINUTE,
            "nameservers": [nameserver],
        }
        self._now = time.time()
        self._watcher = Watcher(settings_from(given, {}), clock=lambda: self._now)
        self.events: list[dict[str, Any]] = []

    def look(self, times: int) -> None:
        for _look in range(times):
            self._now += MINUTE
            self._watcher.tick()
            while event := self._watcher.next_event():
                self.events.append(event)
                self._watcher.delivered()

    def told(self) -> Iterator[tuple[str, str]]:
        """What was told of profiles: the event, and of which."""
        for event in self.events:
            if "profile" in event:
                yield event["type"], event["profile"]["profile_name"]

    def close(self) -> None:
        self._watcher.close()


@pytest.mark.usefixtures("impatient")
def test_a_fault_is_no_change_and_no_change_is_lost(
    endpoint: str, fault: str, times: int, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    turning, drifting = simulator.seed_all(
        [
            {"profile_name": name, "sending_domain": name + ".acorn.example", "state": "active"}
            for name in ("turning", "drifting")
        ]
    )
    name_server = Dns()
    with OddServer(name_server.respond) as server:
        watch = Watch(simulator, server.address, FAULTS[fault].timeout)
        try:
            watch.look(1)
            simulator.patch(turning["profile_id"], state="pending")
            simulator.patch(drifting["profile_id"], modified_at_utc=time.time())  # its records have to be got again
            name_server.rcode = dns.rcode.NXDOMAIN
            simulator.expire_tokens()
            if endpoint == "get":  # it is called for profiles that are not listed
                simulator.inject("list", body=[], times=FAULTY_LOOKS)
            simulator.inject(endpoint, times=times, **FAULTS[fault].fields)
            watch.look(FAULTY_LOOKS)
            met = [request for request in simulator.requests() if request["endpoint"] == endpoint and request["fault"]]
            assert met, "the fault was not met"
            simulator.clear_faults()
            watch.look(MORE_LOOKS)
        finally:
            watch.close()
    assert sorted(watch.told()) == [("dns_drift", "drifting"), ("profile_state_changed", "turning")]
    requests = simulator.requests()
    assert {request["method"] for request in requests if request["endpoint"] != "token"} == {"GET"}
    options = {"api_key": simulator.api_key, "api_secret": simulator.api_secret}
    assert_no_secret(options, caplog.text + json.dumps(watch.events), requests)


def test_records_that_are_made_late_are_looked_for_too(simulator: Simulator) -> None:
    profile = simulator.seed(profile_name="late", sending_domain="late.acorn.example", state="active")
    records = profile["dns_records"]
    simulator.patch(profile["profile_id"], dns_records=[])
    name_server = Dns()
    name_server.rcode = dns.rcode.NXDOMAIN
    with OddServer(name_server.respond) as server:
        watch = Watch(simulator, server.address, timeout=5.0)
        try:
            watch.look(2)
            assert list(watch.told()) == []
            simulator.patch(profile["profile_id"], dns_records=records)
            watch.look(2)
        finally:
            watch.close()
    assert list(watch.told()) == [("dns_drift", "late")]
