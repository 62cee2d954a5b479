# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of the contract page, word for word."""

from __future__ import annotations

from tests.simulator import Simulator
from tests.unit.simulator.conftest import PROFILES, Call

ACTIVE = {
    "profile_id": "ce26304e-e916-11ea-9063-3af9d3cba4ef",
    "profile_name": "default",
    "sending_domain": "hello.yoursendingdomain.com",
    "link_domain": "go.yoursendingdomain.com",
    "link_domain_default_redirect": "https://google.com",
    "bounce_domain": "bounce.hello.yoursendingdomain.com",
    "state": "active",
    "created_at_utc": 1598609474,
    "modified_at_utc": 1598609476,
}
FAILED = {
    "profile_id": "7c6d545c-edbd-11ea-86ce-3af9d3cba4ef",
    "profile_name": "default",
    "sending_domain": "hello.yoursendingdomain.com",
    "link_domain": "go.yoursendingdomain.com",
    "bounce_domain": "bounce.hello.yoursendingdomain.com",
    "state": "failed",
    "created_at_utc": 1599120868,
    "modified_at_utc": 1599120870,
}
SETUP = {
    "profile_id": "7c82bb2c-ede3-11ea-8215-0a58a9feac2a",
    "profile_name": "default",
    "dns_records": [
        {
            "name": "1h09YTLxhfFx7RivB3QmrH7WaJ9._domainkey.hello.yoursendingdomain.com",
            "type": "CNAME",
            "value": "1h09YTLxhfFx7RivB3QmrH7WaJ9.dkim.smtpd.dev",
            "validation_state": "pending",
        },
        {
            "name": "_amazonses.hello.yoursendingdomain.com",
            "type": "TXT",
            "value": "4ewMcIYic7jCen+qREXsi2j1lBQqT+pVN6WlR6YlMPU=",
            "validation_state": "active",
        },
        {
            "name": "1h09YaQg3pLnAGsb1MHhkZN3RNA._domainkey.hello.yoursendingdomain.com",
            "type": "CNAME",
            "value": "1h09YaQg3pLnAGsb1MHhkZN3RNA.dkim.smtpd.dev",
            "validation_state": "pending",
        },
        {
            "name": "1h09YdNi2ukvX4Vzi9OLYjpaALE._domainkey.hello.yoursendingdomain.com",
            "type": "CNAME",
            "value": "1h09YdNi2ukvX4Vzi9OLYjpaALE.dkim.smtpd.dev",
            "validation_state": "pending",
        },
        {
            "name": "_amazonses.bounce.hello.yoursendingdomain.com",
            "type": "TXT",
            "value": "LcpcfI8N1Tfu1B0+s4gMt2G7/4Ad5vMGjIk64x8hYN8=",
            "validation_state": "active",
        },
        {
            "name": "bounce.hello.yoursendingdomain.com",
            "type": "MX",
            "value": "feedback-smtp.us-east-1.amazonses.com",
            "validation_state": "active",
        },
        {
            "name": "bounce.hello.yoursendingdomain.com",
            "type": "TXT",
            "value": "v=spf1 include:amazonses.com ~all",
            "validation_state": "active",
        },
        {
            "name": "_amazonses.go.yoursendingdomain.com",
            "type": "TXT",
            "value": "C96Xp4B+iPxHNCcQ5xEfMyqOwzI=",
            "validation_state": "pending",
        },
        {
            "name": "go.yoursendingdomain.com",
            "type": "CNAME",
            "value": "l.smtpdgo.com",
            "validation_state": "active",
        },
    ],
    "state": "pending",
    "created_at_utc": 1599137189,
    "modified_at_utc": 1599137191,
}
NOT_FOUND = {"code": 40401, "message": "Resource ID provided is invalid"}


def test_create_sending_profile(call: Call, simulator: Simulator) -> None:
    simulator.settings(creating=60.0)
    answer = call(
        "POST",
        PROFILES,
        json={
            "link_domain_default_redirect": "https://google.com",
            "bounce_domain": "bounce.hello.yoursendingdomain.com",
            "link_domain": "go.yoursendingdomain.com",
            "sending_domain": "hello.yoursendingdomain.com",
            "profile_name": "default",
        },
    )
    assert answer.status_code == 202
    profile_id = answer.json()["profile_id"]
    assert answer.json() == {"profile_id": profile_id, "profile_name": "default", "state": "creating"}
    assert len(profile_id) == len("d1378ab7-e919-11ea-81e4-0a58a9feac2a")


def test_get_sending_profile_domain_setup_details(call: Call, simulator: Simulator) -> None:
    simulator.settings(dns="127.0.0.1:1", recheck=60.0)
    simulator.seed(**SETUP, sending_domain="hello.yoursendingdomain.com")
    answer = call("GET", PROFILES + "/7c82bb2c-ede3-11ea-8215-0a58a9feac2a/setup")
    assert (answer.status_code, answer.json()) == (200, SETUP)


def test_get_setup_details_of_an_unknown_id(call: Call) -> None:
    answer = call("GET", PROFILES + "/unknown/setup")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_verify_sending_profile_domain_setup(call: Call, simulator: Simulator) -> None:
    simulator.seed(**SETUP)
    answer = call("PUT", PROFILES + "/7c82bb2c-ede3-11ea-8215-0a58a9feac2a/verify")
    assert (answer.status_code, answer.content) == (202, b"")


def test_get_sending_profile_by_id(call: Call, simulator: Simulator) -> None:
    simulator.seed(**ACTIVE)
    answer = call("GET", PROFILES + "/ce26304e-e916-11ea-9063-3af9d3cba4ef")
    assert (answer.status_code, answer.json()) == (200, ACTIVE)


def test_get_a_profile_of_an_unknown_id(call: Call) -> None:
    answer = call("GET", PROFILES + "/unknown")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_get_all_sending_profiles(call: Call, simulator: Simulator) -> None:
    simulator.seed(**ACTIVE)
    simulator.seed(**FAILED)
    answer = call("GET", PROFILES)
    assert (answer.status_code, answer.json()) == (200, [ACTIVE, FAILED])


def test_new_profiles_get_nine_records_like_those_of_the_contract(call: Call, simulator: Simulator) -> None:
    fields = {name: ACTIVE[name] for name in ("profile_name", "sending_domain", "link_domain", "bounce_domain")}
    profile_id = call("POST", PROFILES, json=fields).json()["profile_id"]
    records = call("GET", "%s/%s/setup" % (PROFILES, profile_id)).json()["dns_records"]
    assert [record["type"] for record in records] == [record["type"] for record in SETUP["dns_records"]]
    assert [shape(record) for record in records] == [shape(record) for record in SETUP["dns_records"]]


def shape(record: dict[str, str]) -> tuple[str, int, int]:
    """What the records of all profiles of these domains have in common."""
    return record["name"].rpartition("._domainkey")[2], len(record["name"]), len(record["value"])
