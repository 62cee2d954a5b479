# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification against a real, if tiny, name server."""

from __future__ import annotations

from typing import Any

import dns.rcode
import pytest

from tests.simulator import Simulator
from tests.unit.simulator.conftest import PROFILES, WANTED, Call, Zone, await_true


@pytest.fixture
def pending(simulator: Simulator, zone: Zone) -> dict[str, Any]:
    """A pending profile, all of whose records are in DNS. The service looks at it only when it is asked."""
    simulator.settings(dns=zone.address, recheck=60.0)
    profile = simulator.seed(**WANTED)
    zone.publish(profile["dns_records"])
    return profile


@pytest.fixture
def active(simulator: Simulator, pending: dict[str, Any]) -> dict[str, Any]:
    """The same, when it has become active. The service looks at it all the time."""
    simulator.settings(recheck=0.05)
    return simulator.patch(pending["profile_id"], state="active")


def state(simulator: Simulator) -> str | None:
    profiles = simulator.profiles()
    return profiles[0]["state"] if profiles else None


def verify(call: Call, profile: dict[str, Any]) -> None:
    assert call("PUT", "%s/%s/verify" % (PROFILES, profile["profile_id"])).status_code == 202


def wrong_after_verification(call: Call, simulator: Simulator, profile: dict[str, Any]) -> list[str]:
    """The names of the records that are not right, when a verification has found the others to be so."""
    verify(call, profile)
    await_true(lambda: any(record["validation_state"] == "active" for record in simulator.profiles()[0]["dns_records"]))
    records = simulator.profiles()[0]["dns_records"]
    return [record["name"] for record in records if record["validation_state"] != "active"]


def test_a_verification_turns_a_profile_active_when_dns_has_all_records(
    call: Call, simulator: Simulator, pending: dict[str, Any]
) -> None:
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")
    assert {record["validation_state"] for record in simulator.profiles()[0]["dns_records"]} == {"active"}


def test_the_whole_life_of_a_profile(call: Call, simulator: Simulator, zone: Zone) -> None:
    simulator.settings(dns=zone.address, creating=0.2, disable_after=1.0, delete_after=0.2)
    profile_id = call("POST", PROFILES, json=WANTED).json()["profile_id"]
    assert state(simulator) == "creating"
    await_true(lambda: state(simulator) == "pending")
    zone.publish(call("GET", "%s/%s/setup" % (PROFILES, profile_id)).json()["dns_records"])
    verify(call, {"profile_id": profile_id})
    await_true(lambda: state(simulator) == "active")
    zone.clear()
    await_true(lambda: state(simulator) == "pending")
    await_true(lambda: state(simulator) == "disabled")
    await_true(lambda: state(simulator) is None)
    assert call("GET", "%s/%s" % (PROFILES, profile_id)).status_code == 404


def test_unasked_a_profile_does_not_turn_active(simulator: Simulator, pending: dict[str, Any]) -> None:
    simulator.settings(recheck=0.05)
    await_true(lambda: all(record["validation_state"] == "active" for record in simulator.profiles()[0]["dns_records"]))
    assert state(simulator) == "pending"


@pytest.mark.parametrize(
    "name, rdtype, values",
    [
        ("go.acorn.example", "CNAME", []),
        ("go.acorn.example", "CNAME", ["elsewhere.example."]),
        ("bounce.mail.acorn.example", "MX", ["10 feedback-smtp.us-east-1.amazonses.com.", "20 mx.example."]),
        ("bounce.mail.acorn.example", "TXT", ['"v=spf1 include:amazonses.com ~all"', '"v=spf1 mx -all"']),
        ("bounce.mail.acorn.example", "TXT", ['"v=spf1 include:example.net ~all"']),
        ("_amazonses.mail.acorn.example", "TXT", ['"wrong"']),
    ],
)
def test_a_record_that_is_not_right_keeps_the_profile_pending(
    name: str, rdtype: str, values: list[str], call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]
) -> None:
    zone[name, rdtype] = values
    assert wrong_after_verification(call, simulator, pending) == [name]
    assert state(simulator) == "pending"


def test_texts_are_told_apart_by_case(call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]) -> None:
    name = "_amazonses.mail.acorn.example"
    zone[name, "TXT"] = [zone[name, "TXT"][0].swapcase()]
    assert wrong_after_verification(call, simulator, pending) == [name]


@pytest.mark.parametrize(
    "name, rdtype, values",
    [
        ("go.acorn.example", "CNAME", ["L.SMTPDGO.com."]),
        ("bounce.mail.acorn.example", "TXT", ['"v=spf1 include:" "amazonses.com ~all"']),
        ("bounce.mail.acorn.example", "TXT", ['"v=spf1 include:amazonses.com ~all"', '"something else"']),
        ("bounce.mail.acorn.example", "TXT", ['"v=spf1 mx include:amazonses.com -all"']),
    ],
    ids=["host in another case", "text in two strings", "text among others", "SPF with more senders"],
)
def test_a_record_may_be_written_in_another_way(
    name: str, rdtype: str, values: list[str], call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]
) -> None:
    zone[name, rdtype] = values
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")


def test_a_record_that_goes_missing_turns_the_profile_pending_again(
    simulator: Simulator, zone: Zone, active: dict[str, Any]
) -> None:
    del zone["go.acorn.example", "CNAME"]
    await_true(lambda: state(simulator) == "pending")


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_name_server_in_trouble_does_not_turn_a_profile_pending(
    rcode: dns.rcode.Rcode, simulator: Simulator, zone: Zone, active: dict[str, Any]
) -> None:
    zone.rcode = rcode
    zone.clear()
    zone.asked.clear()
    await_true(lambda: len(zone.asked) > 3 * len(active["dns_records"]))
    assert state(simulator) == "active"
    zone.rcode = dns.rcode.NXDOMAIN
    await_true(lambda: state(simulator) == "pending")


def test_a_record_with_an_impossible_name_does_not_stop_the_watch(
    simulator: Simulator, zone: Zone, active: dict[str, Any]
) -> None:
    simulator.seed(dns_records=[{"name": "a..%s.example" % ("x" * 64), "type": "TXT", "value": "v"}])
    zone.asked.clear()
    await_true(lambda: len(zone.asked) > 3 * len(active["dns_records"]))
    zone.clear()
    await_true(lambda: simulator.profiles()[0]["state"] == "pending")


def test_profiles_that_are_gone_are_not_looked_at_any_more(simulator: Simulator, zone: Zone) -> None:
    simulator.settings(dns=zone.address)
    zone.delay = 0.1
    simulator.seed_all([{"dns_records": [{"name": "old.acorn.example", "type": "TXT", "value": "v"}]}] * 1000)
    await_true(lambda: len(zone.asked) > 0)
    simulator.reset()
    simulator.seed(dns_records=[{"name": "new.acorn.example", "type": "TXT", "value": "v"}])
    await_true(lambda: "new.acorn.example" in zone.asked)
    assert zone.asked.count("old.acorn.example") < 1000


def test_asking_again_while_a_look_is_under_way_has_dns_asked_again(
    call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]
) -> None:
    (record,) = [record for record in pending["dns_records"] if record["name"] == "go.acorn.example"]
    zone.delay = 0.2
    del zone["go.acorn.example", "CNAME"]
    verify(call, pending)
    await_true(lambda: "go.acorn.example" in zone.asked)
    zone.publish([record])
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")


def test_a_profile_that_is_still_being_created_is_not_verified(call: Call, simulator: Simulator, zone: Zone) -> None:
    simulator.settings(creating=60.0, dns=zone.address)
    profile_id = call("POST", PROFILES, json=WANTED).json()["profile_id"]
    zone.publish(simulator.profiles()[0]["dns_records"])
    verify(call, {"profile_id": profile_id})
    await_true(lambda: len(zone.asked) >= 9)
    assert state(simulator) == "creating"


def test_without_a_name_server_every_record_counts_as_published(call: Call, simulator: Simulator) -> None:
    verify(call, simulator.seed(**WANTED))
    await_true(lambda: state(simulator) == "active")


def test_many_verifications_at_once_are_all_done(call: Call, simulator: Simulator, zone: Zone) -> None:
    simulator.settings(dns=zone.address, recheck=60.0)
    wanted = {"name": "go.acorn.example", "type": "CNAME", "value": "l.smtpdgo.com"}
    zone.publish([wanted])
    for profile in simulator.seed_all([{"dns_records": [wanted]}] * 200):
        verify(call, profile)
    await_true(lambda: {profile["state"] for profile in simulator.profiles()} == {"active"})
