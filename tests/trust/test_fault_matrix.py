# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every endpoint in every module: generated, not written case by case.

After each faulty run the same promises are checked, and after it a run without faults ends right.
"""

from __future__ import annotations

import re
from typing import Any, Iterator

import pytest

from tests.simulator import Simulator
from tests.support.inprocess import run_module

ONE = {"profile_name": "p", "sending_domain": "mail.acorn.example", "bounce_domain": "bounce.mail.acorn.example"}
MANY = [dict(ONE, profile_name="p%d" % number) for number in range(4)]
QUICK = {"timeout": 0.25, "retries": 3, "wait_timeout": 0.7, "wait_interval": 0.02}

# A module, its options, and the endpoints that it calls.
RUNS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "create": ("smtpd_sending_profile", ONE, ("token", "list", "create", "setup")),
    "create-many": ("smtpd_sending_profiles", {"profiles": MANY}, ("token", "list", "create", "setup")),
    "verify": ("smtpd_sending_profile", dict(ONE, state="verified"), ("token", "list", "create", "verify", "setup")),
    "look-up": ("smtpd_profile_info", {"setup": True, "wait": True}, ("token", "list", "setup")),
    "look-up-by-id": ("smtpd_profile_info", {"profile_id": "?", "setup": True}, ("token", "get", "setup")),
}

SERVER_ERRORS = (500, 502, 503, 504)
WRONG_BODIES = {
    "array": [], "object": {}, "text": "x", "number": 1, "null": None, "true": True, "array-of-numbers": [1],
    "wrong-types": [{"profile_id": 1, "state": [], "sending_domain": {}}], "nested": {"dns_records": [{"name": 1}]},
    "records-missing-fields": {"dns_records": [{"name": "a.example"}], "profile_id": "x", "state": "pending"},
    "profile-without-id": {"profile_name": "p", "state": "pending"},
    "unknown-state": {"profile_id": "x", "profile_name": "p", "sending_domain": "mail.acorn.example", "state": "paused"},
    "additional-fields": {"profile_id": "x", "state": "creating", "colour": "green", "dns_records": [], "access_token": "not-a-token-of-anybody"},
}
FAULTS: dict[str, dict[str, Any]] = {
    "reset": {"reset": True},
    "reset-after-work": {"reset_after": True},
    "timeout": {"hang": 0.5},
    "timeout-after-work": {"hang_after": 0.5},
    "429-seconds": {"status": 429, "headers": {"Retry-After": "0"}},
    "429-date": {"status": 429, "headers": {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}},
    "429-too-long": {"status": 429, "headers": {"Retry-After": "86400"}},
    "429-garbage": {"status": 429, "headers": {"Retry-After": "soon"}},
    "429": {"status": 429},
    **{"%d" % status: {"status": status} for status in SERVER_ERRORS},
    **{"%d-after-work" % status: {"status": status, "work": True, "text": ""} for status in SERVER_ERRORS},
    **{"%d-html" % status: {"status": status, "html": True} for status in SERVER_ERRORS},
    **{"redirect-%d" % status: {"status": status, "headers": {"Location": "http://127.0.0.1:9/x"}}
       for status in (301, 302, 303, 307, 308)},
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404, "body": {"code": 40401, "message": "Resource ID provided is invalid"}},
    "truncated": {"truncate": True},
    "malformed": {"malformed": True},
    "malformed-after-work": {"malformed": True, "work": True},
    "html": {"html": True},
    "html-after-work": {"html": True, "work": True},
    "empty": {"empty": True},
    "empty-after-work": {"empty": True, "work": True},
    "wrong-content-type": {"content_type": "text/plain"},
    "10-MB": {"big": 10_000_000},
    "drip": {"drip": 0.02},
    # With the work done, because a service that claims to have done what it has not cannot be told from one that has.
    **{"body-%s" % name: {"body": body, "work": True} for name, body in WRONG_BODIES.items()},
}


def cells() -> Iterator[Any]:
    for run, (_module, _options, endpoints) in RUNS.items():
        for endpoint in endpoints:
            for fault in FAULTS:
                for times in (1, 1000):
                    yield pytest.param(run, endpoint, fault, times, id="%s-%s-%s-%s" % (
                        run, endpoint, fault, "once" if times == 1 else "always"))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("run, endpoint, fault, times", cells())
def test_a_fault_leaves_no_duplicate_no_leak_and_nothing_unfinished(
        run: str, endpoint: str, fault: str, times: int, simulator: Simulator) -> None:
    module, options, _endpoints = RUNS[run]
    options = {**QUICK, **options, "api_url": simulator.url, "api_key": simulator.api_key, "api_secret": simulator.api_secret}
    if module == "smtpd_profile_info":
        seeded = simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="pending")
        options.update({"profile_id": seeded["profile_id"]} if "profile_id" in options else {})
    before = simulator.profiles()
    simulator.inject(endpoint, times=times, **FAULTS[fault])
    result = run_module(module, **options)
    simulator.clear_faults()

    created = len(simulator.profiles()) - len(before)
    assert result["changed"] is (created > 0), result
    assert_no_secret(simulator, result["output"])
    if result["failed"]:
        assert re.search(r"(GET|POST|PUT) /|is in state|not certain|after \d+ s|disappeared", result["msg"]), result["msg"]

    options.update(timeout=10, wait_timeout=20)
    again = run_module(module, **options)
    assert not again["failed"], again["msg"]
    assert_no_secret(simulator, again["output"])
    if module != "smtpd_profile_info":
        wanted = options.get("profiles", [ONE])
        assert sorted(profile["profile_name"] for profile in simulator.profiles()) == sorted(
            item["profile_name"] for item in wanted)
    if run == "verify":
        assert [profile["state"] for profile in simulator.profiles()] == ["active"]
    assert run_module(module, **options)["changed"] is False


def assert_no_secret(simulator: Simulator, output: str) -> None:
    minted = {request["headers"].get("Authorization", "").rpartition(" ")[2] for request in simulator.requests()}
    for secret in {simulator.api_secret, simulator.token, *minted} - {""}:
        assert secret not in output
