# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Having the service verify: it looks at a real name server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer

QUICK = {"wait_interval": 0.1, "wait_timeout": 20}


@pytest.fixture
def profile(simulator: Simulator, dns: BindServer) -> dict[str, Any]:
    """A pending profile, with nothing in DNS."""
    return simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="pending")


def publish(ansible: Ansible, dns: BindServer) -> None:
    for record in ansible.module("smtpd_profile_info", setup=True)["dns_records"]:
        dns.add(record["fqdn"], record["type"], record["rdata"])


def verify(ansible: Ansible, *flags: str, **options: Any) -> dict[str, Any]:
    return ansible.module("smtpd_sending_profile", *flags, **{"profile_name": "p", "state": "verified", **QUICK, **options})


def test_a_profile_whose_records_are_published_turns_active(
        ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]) -> None:
    publish(ansible, dns)
    result = verify(ansible)
    assert (result["changed"], result["profile"]["state"]) == (True, "active")
    assert {record["validation_state"] for record in result["dns_records"]} == {"active"}


def test_an_active_profile_is_not_asked_for_again(ansible: Ansible, simulator: Simulator, profile: dict[str, Any]) -> None:
    simulator.settings(dns=None)
    simulator.patch(profile["profile_id"], state="active")
    assert verify(ansible)["changed"] is False
    assert simulator.requests(method="PUT") == []


def test_check_mode_asks_for_nothing_and_predicts(ansible: Ansible, simulator: Simulator, profile: dict[str, Any]) -> None:
    result = verify(ansible, "--check", "--diff")
    assert result["changed"] is True
    assert (result["diff"]["before"]["state"], result["diff"]["after"]["state"]) == ("pending", "active")
    assert simulator.requests(method="PUT") == []


def test_without_waiting_it_asks_and_goes_on(ansible: Ansible, simulator: Simulator, profile: dict[str, Any]) -> None:
    result = verify(ansible, wait=False)
    assert (result["changed"], result["profile"]["state"]) == (True, "pending")
    assert len(simulator.requests(method="PUT")) == 1


def test_a_wait_in_vain_lists_the_records_that_are_not_active(
        ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]) -> None:
    publish(ansible, dns)
    (mx,) = [record for record in ansible.module("smtpd_profile_info", setup=True)["dns_records"] if record["type"] == "MX"]
    dns.delete(mx["name"], "MX")
    result = verify(ansible, wait_timeout=1.5)
    assert result["failed"] and result["profile"]["profile_id"] == profile["profile_id"]
    assert "%s MX feedback-smtp.us-east-1.amazonses.com (pending)" % mx["name"] in result["msg"]
    assert "CNAME" not in result["msg"], "only those that are not active"


def test_verification_is_asked_for_again_while_dns_spreads(
        ansible: Ansible, simulator: Simulator, dns: BindServer, profile: dict[str, Any]) -> None:
    publish(ansible, dns)
    simulator.inject("verify", status=202, work=False)
    assert verify(ansible)["profile"]["state"] == "active"
    assert len(simulator.requests(method="PUT")) == 2


def test_a_profile_that_disappears_ends_the_wait_early(
        ansible: Ansible, simulator: Simulator, profile: dict[str, Any]) -> None:
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
