# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Having the service verify: it looks at a real name server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dns.message
import dns.rcode
import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer, Respond

QUICK = {"wait_interval": 0.1, "wait_timeout": 20}


@pytest.fixture
def profile(simulator: Simulator, dns: BindServer) -> dict[str, Any]:
    """A pending profile, with nothing in DNS."""
    return simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="pending")


def publish(ansible: Ansible, dns: BindServer) -> None:
    for record in setup_records(ansible):
        dns.add(record["fqdn"], record["type"], record["rdata"])


def verify(ansible: Ansible, *flags: str, **options: Any) -> dict[str, Any]:
    return ansible.module(
        "smtpd_sending_profile", *flags, **{"profile_name": "p", "state": "verified", **QUICK, **options}
    )


def test_a_profile_whose_records_are_published_turns_active(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    result = verify(ansible)
    assert (result["changed"], result["profile"]["state"]) == (True, "active")
    assert {record["validation_state"] for record in result["dns_records"]} == {"active"}


def test_an_active_profile_is_not_asked_for_again(
    ansible: Ansible, simulator: Simulator, profile: dict[str, Any]
) -> None:
    simulator.settings(dns=None)
    simulator.patch(profile["profile_id"], state="active")
    assert verify(ansible)["changed"] is False
    assert simulator.requests(method="PUT") == []


def test_check_mode_asks_for_nothing_and_predicts(
    ansible: Ansible, simulator: Simulator, profile: dict[str, Any]
) -> None:
    result = verify(ansible, "--check", "--diff")
    assert result["changed"] is True
    assert (result["diff"]["before"]["state"], result["diff"]["after"]["state"]) == ("pending", "active")
    assert simulator.requests(method="PUT") == []


def test_without_waiting_it_asks_and_goes_on(ansible: Ansible, simulator: Simulator, profile: dict[str, Any]) -> None:
    result = verify(ansible, wait=False)
    assert (result["changed"], result["profile"]["state"]) == (True, "pending")
    assert len(simulator.requests(method="PUT")) == 1


def test_a_wait_in_vain_lists_the_records_that_are_not_active(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    (mx,) = [
        record for record in ansible.ad_hoc("smtpd_profile_info", setup=True)["dns_records"] if record["type"] == "MX"
    ]
    dns.delete(mx["name"], "MX")
    result = verify(ansible, wait_timeout=1.5)
    assert result["failed"] and result["profile"]["profile_id"] == profile["profile_id"]
    assert "  %s MX\n    expected:     %s\n    service says: pending" % (mx["fqdn"], mx["rdata"]) in result["msg"]
    assert "CNAME" not in result["msg"], "only those that are not active"


def test_verification_is_asked_for_again_while_dns_spreads(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    simulator.inject("verify", status=202, work=False)
    assert verify(ansible)["profile"]["state"] == "active"
    assert len(simulator.requests(method="PUT")) == 2


def test_a_profile_that_disappears_ends_the_wait_early(
    ansible: Ansible, simulator: Simulator, profile: dict[str, Any]
) -> None:
    def delete_once_asked_for() -> None:
        deadline = time.monotonic() + 30
        while not simulator.requests(method="PUT") and time.monotonic() < deadline:
            time.sleep(0.05)
        simulator.delete(profile["profile_id"])

    with ThreadPoolExecutor() as pool:
        pool.submit(delete_once_asked_for)
        result = verify(ansible, wait_timeout=60)
    assert result["failed"] and "disappeared" in result["msg"] and profile["profile_id"] in result["msg"]


def test_a_new_profile_is_created_and_then_verified(ansible: Ansible, simulator: Simulator) -> None:
    result = verify(ansible, profile_name="new", sending_domain="new.acorn.example")
    assert (result["changed"], result["profile"]["state"], len(result["dns_records"])) == (True, "active", 9)


# Only once DNS answers right


def setup_records(ansible: Ansible) -> list[dict[str, Any]]:
    return ansible.module("smtpd_profile_info", setup=True)["dns_records"]


def gated(ansible: Ansible, dns: BindServer, **options: Any) -> dict[str, Any]:
    """Verify with the profile's records as the condition."""
    return verify(ansible, **{"dns_records": setup_records(ansible), "nameservers": [dns.address], **options})


@pytest.mark.parametrize("wait", [True, False])
def test_the_service_is_not_asked_while_dns_answers_wrong(
    wait: bool, ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    result = gated(ansible, dns, wait=wait, wait_timeout=0.5)
    assert simulator.requests(method="PUT") == []
    assert result["failed"] and result["changed"] is False
    assert "DNS does not answer right, so it was not verified. These are not right:" in result["msg"]
    assert "DNS answers:  (nothing)\n    service says: pending\n    diagnosis:    missing." in result["msg"]
    assert {record["diagnosis"] for record in result["dns_records"]} == {"missing"}


def test_the_service_is_asked_as_soon_as_dns_answers_right(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    records = setup_records(ansible)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(gated, ansible, dns, dns_records=records)
        time.sleep(1.5)
        for record in records:
            dns.add(record["fqdn"], record["type"], record["rdata"])
        result = running.result()
    assert (result["failed"], result["profile"]["state"]) == (False, "active")
    assert len(simulator.requests(method="PUT")) == 1


def test_one_profile_whose_dns_is_wrong_does_not_hold_back_the_others(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    simulator.seed(profile_name="late", sending_domain="late.acorn.example", state="pending")
    records = setup_records(ansible)
    result = ansible.module(
        "smtpd_sending_profiles",
        profiles=[{"profile_name": "late"}, {"profile_name": "p"}],
        state="verified",
        setup=False,
        dns_records=records,
        nameservers=[dns.address],
        **{**QUICK, "wait_timeout": 2},
    )
    late, right = result["results"]
    assert (late["failed"], late["profile"]["state"], right["failed"], right["profile"]["state"]) == (
        True,
        "pending",
        False,
        "active",
    )
    assert "missing" in {record["status"] for record in late["dns_records"]}
    assert right["dns_records"] == []


def test_a_service_that_does_not_accept_right_records_is_told_with_what_dns_answers(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    with BindServer(["acorn.example"]) as what_the_service_sees:
        simulator.settings(dns=what_the_service_sees.address)
        result = gated(ansible, dns, wait_timeout=1)
    assert "the service does not accept its DNS records" in result["msg"]
    assert (
        "service says: pending\n    diagnosis:    DNS answers right; the service has not seen it yet." in result["msg"]
    )


def test_a_record_that_cannot_be_is_told_by_its_place(
    ansible: Ansible, dns: BindServer, profile: dict[str, Any]
) -> None:
    result = verify(ansible, dns_records=[{"name": "a.example", "type": "A", "value": "192.0.2.1"}])
    assert result["failed"] and result["msg"].startswith("dns_records[0].type: ")


# A name server that stays down


def refusing(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.REFUSED)
    return response


@pytest.mark.parametrize(
    ("respond", "why"), [(lambda _query: None, "no answer within"), (refusing, "REFUSED")], ids=["dead", "lame"]
)
def test_a_server_that_stays_silent_does_not_keep_a_profile_from_being_verified(
    respond: Respond, why: str, ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    with OddServer(respond) as down:
        result = gated(ansible, dns, nameservers=[down.address, dns.address], wait_timeout=12)
        (warning,) = map(str, result["warnings"])
        assert down.address in warning and why in warning and "any longer than 6 s" in warning
    assert (result["failed"], result["profile"]["state"]) == (False, "active")
    assert len(simulator.requests(method="PUT")) == 1


def test_every_server_has_to_answer_where_all_are_required(
    ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]
) -> None:
    publish(ansible, dns)
    with OddServer(refusing) as lame:
        result = gated(ansible, dns, nameservers=[dns.address, lame.address], wait_timeout=2, require="all")
    assert result["failed"] and "REFUSED" in result["msg"]
    assert simulator.requests(method="PUT") == []
