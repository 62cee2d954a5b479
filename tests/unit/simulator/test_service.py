# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the simulated service behaves over HTTP, beyond the examples of the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator import Simulator
from tests.unit.simulator.conftest import PROFILES, WANTED, Call


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"profile_name": "p"},
        {"sending_domain": "d.example"},
        dict(WANTED, profile_name=1),
        dict(WANTED, sending_domain=""),
        dict(WANTED, bounce_domain=["b.example"]),
        dict(WANTED, link_domain=""),
    ],
)
def test_a_creation_with_missing_or_wrong_fields_is_refused(body: Any, call: Call, simulator: Simulator) -> None:
    answer = call("POST", PROFILES, json=body)
    assert (answer.status_code, set(answer.json())) == (400, {"code", "message"})
    assert simulator.profiles() == []


def test_a_creation_whose_body_is_no_json_is_refused(call: Call) -> None:
    assert call("POST", PROFILES, data='{"profile_name": ').status_code == 400


def test_only_the_fields_of_the_contract_count_in_a_creation(call: Call, simulator: Simulator) -> None:
    more = {"profile_id": "mine", "state": "active", "dns_records": "none", "created_at_utc": "?", "link_domain": None}
    assert call("POST", PROFILES, json=dict(WANTED, **more)).status_code == 202
    (profile,) = simulator.profiles()
    assert profile["profile_id"] != "mine" and profile["state"] == "pending" and len(profile["dns_records"]) == 9


def test_names_need_not_be_unique(call: Call, simulator: Simulator) -> None:
    ids = {call("POST", PROFILES, json=WANTED).json()["profile_id"] for _number in range(2)}
    assert len(ids) == len(simulator.profiles()) == 2


@pytest.mark.parametrize("early_setup, status", [("missing", 404), ("empty", 200)])
def test_while_a_profile_is_being_created_it_has_no_records(
    early_setup: str, status: int, call: Call, simulator: Simulator
) -> None:
    simulator.settings(creating=60.0, early_setup=early_setup)
    profile_id = call("POST", PROFILES, json=WANTED).json()["profile_id"]
    answer = call("GET", "%s/%s/setup" % (PROFILES, profile_id))
    assert answer.status_code == status
    assert answer.json().get("dns_records") == (None if status == 404 else [])
    assert call("GET", "%s/%s" % (PROFILES, profile_id)).json()["state"] == "creating"


def test_an_unknown_id_cannot_be_verified(call: Call) -> None:
    answer = call("PUT", PROFILES + "/unknown/verify")
    assert (answer.status_code, answer.json()["code"]) == (404, 40401)


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/api/v1/email/profile"),
        ("DELETE", PROFILES + "/x"),
        ("POST", PROFILES + "/x/verify"),
        ("GET", PROFILES + "/"),
    ],
)
def test_what_the_contract_does_not_have_is_not_there_and_is_noted(
    method: str, path: str, call: Call, simulator: Simulator
) -> None:
    answer = call(method, path)
    assert (answer.status_code, set(answer.json())) == (404, {"code", "message"})
    (entry,) = simulator.requests(endpoint="unknown")
    assert (entry["method"], entry["path"]) == (method, path)


def test_5000_profiles_are_watched_and_listed(call: Call, simulator: Simulator) -> None:
    simulator.seed_all([{"sending_domain": "d%d.acorn.example" % number, "state": "active"} for number in range(5000)])
    assert len(call("GET", PROFILES, timeout=5).json()) == 5000
