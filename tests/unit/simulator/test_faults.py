# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults, as an HTTP client sees them."""

from __future__ import annotations

import http.client
import time
import urllib.request
from typing import Any, Callable

import pytest
import requests

from tests.simulator import Simulator
from tests.simulator.faults import Fault
from tests.unit.simulator.conftest import PROFILES, WANTED, Call


@pytest.mark.parametrize(
    "fault, check",
    [
        (
            {"status": 503, "headers": {"Retry-After": "7"}},
            lambda a: (a.status_code, a.headers["Retry-After"]) == (503, "7"),
        ),
        ({"status": 500}, lambda a: (a.status_code, a.content) == (500, b"")),
        ({"status": 400, "body": {"code": 1}}, lambda a: (a.status_code, a.json()) == (400, {"code": 1})),
        ({"status": 502, "html": True}, lambda a: (a.status_code, a.headers["Content-Type"]) == (502, "text/html")),
        ({"html": True}, lambda a: a.status_code == 200 and "<html>" in a.text),
        ({"empty": True}, lambda a: (a.status_code, a.content) == (200, b"")),
        ({"malformed": True}, lambda a: a.text == '{"profile_id": '),
        ({"body": [{"profile_id": 1}]}, lambda a: a.json() == [{"profile_id": 1}]),
        ({"body": None}, lambda a: a.text == "null"),
        ({"body": False}, lambda a: a.text == "false"),
        ({"content_type": "text/plain"}, lambda a: (a.headers["Content-Type"], a.json()) == ("text/plain", [])),
        ({"headers": {"X-Extra": "1"}}, lambda a: (a.headers["X-Extra"], a.json()) == ("1", [])),
        ({"big": 1 << 20}, lambda a: len(a.content) == 1 << 20),
        ({"drip": 0.01}, lambda a: a.json() == []),
        (
            {"drip_head": 0.0001},
            lambda a: (a.headers["Content-Type"].split(";")[0], a.json()) == ("application/json", []),
        ),
        ({"echo": True}, lambda a: a.headers["Content-Type"] == "text/html" and "Authentication: Bearer " in a.text),
        (
            {"redirect": "/x", "headers": {"X-Extra": "1"}},
            lambda a: (a.headers["Location"], a.headers["X-Extra"]) == ("/x", "1"),
        ),
    ],
)
def test_an_answer_can_be_spoilt(
    fault: dict[str, Any], check: Callable[[requests.Response], bool], call: Call, simulator: Simulator
) -> None:
    simulator.inject("list", **fault)
    assert check(call("GET", PROFILES))
    assert call("GET", PROFILES).json() == [], "the next one is not"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_call_can_be_redirected_in_every_way(status: int, call: Call, simulator: Simulator) -> None:
    simulator.inject("list", redirect="https://elsewhere.example/", status=status)
    answer = call("GET", PROFILES)
    assert (answer.status_code, answer.headers["Location"]) == (status, "https://elsewhere.example/")


@pytest.mark.parametrize(
    "fault, created",
    [
        ({"reset": True}, 0),
        ({"reset_after": True}, 1),
        ({"hang": 0.05}, 0),
        ({"hang_after": 0.05}, 1),
        ({"truncate": True}, 1),
    ],
)
def test_an_answer_can_be_lost_before_and_after_the_work_is_done(
    fault: dict[str, Any], created: int, call: Call, simulator: Simulator
) -> None:
    simulator.inject("create", **fault)
    with pytest.raises(requests.exceptions.RequestException):
        call("POST", PROFILES, json=WANTED).json()
    assert len(simulator.profiles()) == created


@pytest.mark.parametrize("fault", [{"status": 504}, {"html": True}, {"empty": True}, {"malformed": True}, {"big": 9}])
@pytest.mark.parametrize("work", [False, True])
def test_every_fault_can_come_before_and_after_the_work_is_done(
    work: bool, fault: dict[str, Any], call: Call, simulator: Simulator
) -> None:
    simulator.inject("create", work=work, **fault)
    call("POST", PROFILES, json=WANTED)
    assert len(simulator.profiles()) == work


def test_a_reset_is_seen_as_one(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", reset=True)
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection reset by peer"):
        call("GET", PROFILES)


def test_a_truncated_body_is_shorter_than_announced(simulator: Simulator) -> None:
    simulator.inject("list", truncate=True, body=["x" * 100])
    # Older versions of requests do not look at the length.
    with (
        pytest.raises(http.client.IncompleteRead) as caught,
        urllib.request.urlopen(simulator.url + PROFILES) as answer,
    ):
        answer.read()
    assert (len(caught.value.partial), caught.value.expected) == (52, 52)


@pytest.mark.parametrize("fault", [{"hang": 30}, {"hang_after": 30}, {"latency": 30}, {"drip": 30}, {"drip_head": 30}])
def test_a_caller_who_does_not_wait_gets_no_answer(fault: dict[str, Any], call: Call, simulator: Simulator) -> None:
    simulator.inject("list", **fault)
    with pytest.raises((requests.exceptions.Timeout, requests.exceptions.ConnectionError), match="timed out"):
        call("GET", PROFILES, timeout=0.2)
    assert call("GET", PROFILES).status_code == 200, "the others are served"


def test_work_can_be_done_after_the_caller_has_given_up(call: Call, simulator: Simulator) -> None:
    simulator.inject("create", hang_after=0.4, late=True)
    with pytest.raises(requests.exceptions.Timeout):
        call("POST", PROFILES, json=WANTED, timeout=0.1)
    assert simulator.profiles() == []
    deadline = time.monotonic() + 10
    while not simulator.profiles() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(simulator.profiles()) == 1


def test_tokens_can_expire_in_the_middle(call: Call, simulator: Simulator) -> None:
    granted = requests.post(
        simulator.url + "/oauth/token?grant_type=password", auth=(simulator.api_key, simulator.api_secret), timeout=10
    ).json()
    headers = {name: "Bearer " + granted["access_token"] for name in ("Authentication", "Authorization")}
    simulator.inject("list", after=1, expire=True)
    assert [
        requests.get(simulator.url + PROFILES, headers=headers, timeout=10).status_code for _number in range(3)
    ] == [200, 401, 401]


def test_the_log_tells_which_calls_were_carried_out(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", status=500, work=True, after=1)
    simulator.inject("list", status=500, after=1)
    for _number in range(3):
        call("GET", PROFILES)
    assert [(entry["status"], entry["done"]) for entry in simulator.requests()] == [
        (200, True),
        (500, True),
        (500, False),
    ]


def test_a_late_answer_is_the_true_one(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", latency=0.1)
    started = time.monotonic()
    assert call("GET", PROFILES).json() == []
    assert time.monotonic() - started >= 0.1


def test_a_fault_can_wait_for_its_turn(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", status=500, after=1, times=2)
    assert [call("GET", PROFILES).status_code for _number in range(4)] == [200, 500, 500, 200]


def test_the_first_fault_that_applies_comes_first(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", status=500)
    simulator.inject("list", status=502)
    assert [call("GET", PROFILES).status_code for _number in range(3)] == [500, 502, 200]


@pytest.mark.parametrize(
    "rule, spoilt",
    [
        ({"endpoint": "get"}, [PROFILES + "/x"]),
        ({"path": "*/setup"}, [PROFILES + "/x/setup"]),
        ({"path": PROFILES + "*", "method": "GET"}, [PROFILES, PROFILES + "/x", PROFILES + "/x/setup"]),
        ({"method": "PUT"}, []),
        ({}, [PROFILES, PROFILES + "/x", PROFILES + "/x/setup"]),
    ],
)
def test_a_fault_says_which_calls_it_is_for(
    rule: dict[str, Any], spoilt: list[str], call: Call, simulator: Simulator
) -> None:
    simulator.inject(**rule, status=503, times=9)
    paths = [PROFILES, PROFILES + "/x", PROFILES + "/x/setup"]
    assert [path for path in paths if call("GET", path).status_code == 503] == spoilt


def test_a_grant_of_a_token_can_be_spoilt(simulator: Simulator) -> None:
    simulator.inject("token", status=503)
    auth = (simulator.api_key, simulator.api_secret)
    answer = requests.post(simulator.url + "/oauth/token?grant_type=password", auth=auth, timeout=10)
    assert answer.status_code == 503


def test_faults_are_shown_until_they_are_used_up_or_cleared(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", status=500)
    simulator.inject("get", status=500)
    call("GET", PROFILES)
    assert [fault["endpoint"] for fault in simulator.faults()] == ["get"]
    simulator.clear_faults()
    assert simulator.faults() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"endpoint": "nothing"},
        {"colour": "red"},
        {"status": "500"},
        {"status": 99},
        {"times": -1},
        {"after": None},
        {"hang": "long"},
        {"drip": True},
        {"headers": {"Retry-After": 7}},
        {"headers": []},
        {"path": 1},
        {"big": 1.5},
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault: dict[str, Any], simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="refused faults"):
        simulator.inject(**fault)
    assert simulator.faults() == []


@pytest.mark.parametrize(
    "fault, work",
    [
        ({}, True),
        ({"latency": 1}, True),
        ({"drip": 1}, True),
        ({"truncate": True}, True),
        ({"content_type": "x/y"}, True),
        ({"status": 500}, False),
        ({"body": 1}, False),
        ({"big": 1}, False),
        ({"reset": True}, False),
        ({"redirect": "/"}, False),
        ({"reset": False, "latency": 1}, True),
    ],
)
def test_where_it_is_not_said_the_work_is_done_if_the_true_answer_is_needed(fault: dict[str, Any], work: bool) -> None:
    assert Fault.from_json(fault).work is work
