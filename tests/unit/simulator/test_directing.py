# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directing the simulator: its log, its profiles, its settings."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from tests.simulator import Simulator
from tests.unit.simulator.conftest import PROFILES, WANTED, Call

# The log


def test_the_log_shows_all_of_a_call(call: Call, simulator: Simulator) -> None:
    call("POST", PROFILES + "?page=1", json=WANTED, headers={"Authorization": "Bearer other"})
    (entry,) = simulator.requests()
    expected = {
        "endpoint": "create",
        "method": "POST",
        "path": PROFILES,
        "query": {"page": "1"},
        "body": WANTED,
        "status": 202,
        "fault": False,
    }
    assert {name: entry[name] for name in expected} == expected
    assert entry["headers"]["Authentication"] == "Bearer " + simulator.token
    assert entry["headers"]["Authorization"] == "Bearer other"
    assert entry["time"] > 0


def test_calls_on_a_connection_that_is_kept_alive_have_one_peer(call: Call, simulator: Simulator) -> None:
    for _number in range(3):
        call("GET", PROFILES)
    requests.get(simulator.url + PROFILES, timeout=10)
    peers = [entry["peer"] for entry in simulator.requests()]
    assert len(set(peers[:3])) == 1
    assert peers[3] != peers[0]


def test_calls_can_be_picked_from_the_log(call: Call, simulator: Simulator) -> None:
    call("GET", PROFILES)
    call("GET", PROFILES + "/x/setup")
    call("PUT", PROFILES + "/x/verify")
    assert [entry["endpoint"] for entry in simulator.requests(method="GET")] == ["list", "setup"]
    assert [entry["endpoint"] for entry in simulator.requests(path="*/x/*")] == ["setup", "verify"]
    assert [entry["method"] for entry in simulator.requests(endpoint="verify")] == ["PUT"]


@pytest.mark.parametrize(
    "fault, status",
    [
        ({"reset_after": True}, None),
        ({"status": 503}, 503),
        ({"latency": 0.01}, 200),
    ],
)
def test_the_log_shows_what_was_answered_to_a_spoilt_call(
    fault: dict[str, Any], status: int | None, call: Call, simulator: Simulator
) -> None:
    simulator.inject("list", **fault)
    try:
        call("GET", PROFILES)
    except requests.exceptions.ConnectionError:
        assert status is None
    (entry,) = simulator.requests()
    assert (entry["status"], entry["fault"]) == (status, True)


def test_a_body_that_is_no_json_is_noted_as_none(call: Call, simulator: Simulator) -> None:
    call("POST", PROFILES, data="profile_name=p")
    assert simulator.requests()[0]["body"] is None


def test_the_most_calls_at_the_same_time_are_counted(call: Call, simulator: Simulator) -> None:
    simulator.settings(latency=0.3)
    threads = [
        threading.Thread(target=requests.get, args=(simulator.url + PROFILES,), kwargs={"timeout": 10})
        for _number in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulator.most_in_flight() == 5
    simulator.clear_requests()
    assert (simulator.requests(), simulator.most_in_flight()) == ([], 0)


# Profiles


def test_a_profile_can_be_put_in_in_any_state(call: Call, simulator: Simulator) -> None:
    simulator.seed(**WANTED, profile_id="mine", state="sleeping", modified_at_utc=7)
    shown = call("GET", PROFILES + "/mine").json()
    assert (shown["state"], shown["modified_at_utc"]) == ("sleeping", 7)


@pytest.mark.parametrize("seed, validation_state", [({"state": "active"}, "active"), ({}, "pending")])
def test_the_records_of_a_profile_that_is_put_in_suit_its_state(
    seed: dict[str, str], validation_state: str, simulator: Simulator
) -> None:
    simulator.settings(recheck=60.0)
    records = simulator.seed(**WANTED, **seed)["dns_records"]
    assert {record["validation_state"] for record in records} == {validation_state}


def test_a_profile_can_be_changed_by_hand(simulator: Simulator) -> None:
    profile_id = simulator.seed(**WANTED)["profile_id"]
    changes = {"state": "active", "link_domain": "other.example", "dns_records": [], "modified_at_utc": 7}
    simulator.patch(profile_id, **changes)
    (profile,) = simulator.profiles()
    assert {name: profile[name] for name in changes} == changes


def test_a_profile_can_be_removed(call: Call, simulator: Simulator) -> None:
    profile_id = simulator.seed(**WANTED)["profile_id"]
    simulator.delete(profile_id)
    assert call("GET", "%s/%s" % (PROFILES, profile_id)).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"colour": "red"},
        {"profile_name": 1},
        {"modified_at_utc": "today"},
        {"dns_records": {}},
        {"dns_records": [{"name": "x"}]},
        {"dns_records": [{"name": "x", "type": "A", "value": "192.0.2.1"}]},
    ],
)
def test_fields_that_cannot_be_are_refused(fields: dict[str, Any], simulator: Simulator) -> None:
    simulator.settings(recheck=60.0)
    profile_id = simulator.seed(**WANTED)["profile_id"]
    before = simulator.profiles()
    with pytest.raises(ValueError, match="refused profiles"):
        simulator.seed(**fields)
    with pytest.raises(ValueError, match="refused profiles"):
        simulator.seed_all([WANTED, fields])
    with pytest.raises(ValueError, match="refused profiles"):
        simulator.patch(profile_id, **fields)
    assert simulator.profiles() == before


# Settings, and the whole


def test_settings_can_be_changed_for_a_block(simulator: Simulator) -> None:
    before = simulator.settings()
    with simulator.changed(auth_header="both", latency=0.01):
        assert simulator.settings()["auth_header"] == "both"
    assert simulator.settings() == before


def test_a_setting_that_there_is_not_is_refused(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="there is no setting colour"):
        simulator.settings(colour="red")


def test_a_reset_forgets_all_but_the_settings(call: Call, simulator: Simulator) -> None:
    before = simulator.settings(creating=5.0)
    simulator.seed(**WANTED)
    simulator.inject("list", status=500)
    call("GET", PROFILES + "/x")
    simulator.reset()
    assert (simulator.profiles(), simulator.requests(), simulator.faults()) == ([], [], [])
    assert simulator.settings() == before


@pytest.mark.parametrize(
    "method, path, body, status",
    [
        ("POST", "/profiles", "{", 400),
        ("POST", "/faults", "[]", 400),
        ("PUT", "/settings", "1", 400),
        ("PATCH", "/profiles/x", "{}", 404),
        ("GET", "/nothing", "", 404),
        ("PUT", "/requests", "", 404),
    ],
)
def test_a_mistake_in_directing_is_told_and_not_noted(
    method: str, path: str, body: str, status: int, simulator: Simulator
) -> None:
    answer = requests.request(method, simulator.url + "/_simulator" + path, data=body, timeout=10)
    assert answer.status_code == status
    assert simulator.requests() == []


def test_it_is_awaited_that_a_profile_comes_into_a_state(simulator: Simulator) -> None:
    simulator.settings(creating=0.2)
    profile_id = simulator.seed(**WANTED, state="creating")["profile_id"]
    simulator.await_state(profile_id, "pending")
