# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many profiles in one run, and looking profiles up."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator

LIST = "/api/v1/profile/email"
QUICK = {"wait_interval": 0.1, "wait_timeout": 20}


def wanted(count: int) -> list[dict[str, str]]:
    return [{"profile_name": "p%d" % number, "sending_domain": "d%d.acorn.example" % number} for number in range(count)]


def ensure(ansible: Ansible, profiles: list[dict[str, Any]], *flags: str, **options: Any) -> dict[str, Any]:
    return ansible.module("smtpd_sending_profiles", *flags, profiles=profiles, **{**QUICK, **options})


def test_all_are_created_and_returned_in_order(ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.ad_hoc("smtpd_sending_profiles", profiles=wanted(25), **QUICK)
    assert [item["profile"]["profile_name"] for item in result["results"]] == ["p%d" % number for number in range(25)]
    assert all(item["changed"] and not item["failed"] and len(item["dns_records"]) == 9 for item in result["results"])
    assert len(result["dns_records"]) == 225
    assert len(simulator.profiles()) == 25


def test_a_second_run_lists_once_and_changes_nothing(ansible: Ansible, simulator: Simulator) -> None:
    ensure(ansible, wanted(5))
    simulator.clear_requests()
    assert ensure(ansible, wanted(5))["changed"] is False
    assert len(simulator.requests(method="GET", path=LIST)) == 1
    assert simulator.requests(method="POST") == []


def test_waiting_looks_at_the_list_and_not_at_each_profile(ansible: Ansible, simulator: Simulator) -> None:
    simulator.settings(creating=1.0)
    ensure(ansible, wanted(10), wait_interval=0.2)
    assert len(simulator.requests(method="GET", path=LIST)) < 8
    assert len([request for request in simulator.requests() if request["path"].endswith("/setup")]) == 10


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_calls_are_under_way_than_told(concurrency: int, ansible: Ansible, simulator: Simulator) -> None:
    simulator.settings(latency=0.05)
    ensure(ansible, wanted(12), concurrency=concurrency)
    assert min(2, concurrency) <= simulator.most_in_flight() <= concurrency
    assert len({request["peer"] for request in simulator.requests()}) <= concurrency


def test_no_more_calls_are_made_in_a_second_than_told(ansible: Ansible, simulator: Simulator) -> None:
    ensure(ansible, wanted(12), wait=False, rate_limit=10)
    times = [request["time"] for request in simulator.requests()]
    # They are at least 0.1 s apart when they are sent; that the machine is late with some must not matter.
    assert times[-1] - times[0] > 0.1 * (len(times) - 1) / 2


def test_the_rate_can_be_given_by_the_environment(ansible: Ansible, simulator: Simulator) -> None:
    result = ensure(ansible, wanted(1), "--check", environ={"SMTPD_RATE_LIMIT": "-1"})
    assert result["failed"] and result["msg"].startswith("rate_limit: -1")


def test_a_service_that_asks_to_slow_down_holds_back_all_calls(ansible: Ansible, simulator: Simulator) -> None:
    simulator.settings(latency=0.3)
    simulator.inject("create", status=429, headers={"Retry-After": "2"}, after=4)
    assert not ensure(ansible, wanted(30), wait=False, concurrency=4, setup=False)["failed"]
    creations = simulator.requests(endpoint="create")
    (refused,) = [request["time"] for request in creations if request["status"] == 429]
    # Only those that were under way already, one for each other connection, and one more that one of them may have sent
    # before the answer came. By itself the refused call would not keep the others from some twenty calls in that time.
    assert len([request for request in creations if refused < request["time"] < refused + 2]) <= 6
    assert len(simulator.profiles()) == 30


def test_calls_that_wait_for_their_turn_are_held_back_too(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("create", status=429, headers={"Retry-After": "3"})
    assert not ensure(ansible, wanted(8), wait=False, setup=False, rate_limit=2)["failed"]
    creations = simulator.requests(endpoint="create")
    (refused,) = [request["time"] for request in creations if request["status"] == 429]
    # At two calls in a second, five or six of the others have their turn in that time. One can be sent before the answer came.
    assert len([request for request in creations if refused < request["time"] < refused + 3]) <= 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_call_is_repeated_only_after_the_seconds_that_the_service_asks_for(
    status: int, ansible: Ansible, simulator: Simulator
) -> None:
    simulator.inject("list", status=status, headers={"Retry-After": "1"})
    assert not ansible.module("smtpd_profile_info")["failed"]
    refused, repeated = (request["time"] for request in simulator.requests())
    assert repeated - refused >= 1


def test_a_call_is_repeated_only_after_the_date_that_the_service_names(ansible: Ansible, simulator: Simulator) -> None:
    # Far enough in the future for Ansible to start, and to the second, as such dates are.
    moment = int(time.time()) + 8
    simulator.inject("list", status=429, headers={"Retry-After": email.utils.formatdate(moment, usegmt=True)})
    assert not ansible.module("smtpd_profile_info")["failed"]
    assert simulator.requests()[-1]["time"] >= moment


def test_a_service_that_asks_for_more_time_than_there_is_is_not_asked_again(
    ansible: Ansible, simulator: Simulator
) -> None:
    simulator.inject("list", status=429, headers={"Retry-After": "3600"})
    result = ansible.module("smtpd_profile_info")
    assert result["failed"] and "It asks to wait 3600 s" in result["msg"]
    assert len(simulator.requests()) == 1


def test_the_failure_of_one_does_not_stop_the_others(ansible: Ansible, simulator: Simulator) -> None:
    simulator.seed(profile_name="p1", sending_domain="d1.acorn.example", link_domain="a.acorn.example", state="active")
    profiles = wanted(3)
    profiles[1]["link_domain"] = "b.acorn.example"
    result = ensure(ansible, profiles)
    assert result["failed"] and result["changed"] is True
    assert "1 of 3 profiles" in result["msg"] and "found 'a.acorn.example', wanted 'b.acorn.example'" in result["msg"]
    assert [item["failed"] for item in result["results"]] == [False, True, False]
    assert [bool(item["dns_records"]) for item in result["results"]] == [True, False, True]


def test_answers_that_are_lost_leave_no_duplicate(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("create", reset_after=True, times=4)
    result = ensure(ansible, wanted(12))
    assert not result["failed"], result
    assert len(simulator.profiles()) == 12


@pytest.mark.parametrize(
    "profiles, named",
    [
        ([{"profile_name": "a", "sending_domain": "mail.acorn.example"}] * 2, "profiles[1]"),
        (
            [{"profile_name": "a", "sending_domain": "mail.acorn.example"}, {"sending_domain": "no domain"}],
            "profiles[1].sending_domain",
        ),
        ([{"link_domain": "go.acorn.example"}], "profiles[0].sending_domain"),
    ],
)
def test_bad_input_in_one_is_told_before_anything_is_written(
    profiles: list[dict[str, str]], named: str, ansible: Ansible, simulator: Simulator
) -> None:
    result = ensure(ansible, profiles)
    assert result["failed"] and named in result["msg"]
    assert simulator.requests() == []


def test_one_and_the_same_profile_described_twice_is_told_before_anything_is_written(
    ansible: Ansible, simulator: Simulator
) -> None:
    known = simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="active")
    simulator.clear_requests()
    result = ensure(ansible, [{"profile_name": "p"}, {"profile_id": known["profile_id"]}, *wanted(2)])
    assert result["failed"] and "the same profile" in result["msg"]
    assert [request["method"] for request in simulator.requests()] == ["GET"]


def test_check_mode_predicts_each(ansible: Ansible, simulator: Simulator) -> None:
    ensure(ansible, wanted(1))
    simulator.clear_requests()
    result = ensure(ansible, wanted(3), "--check", "--diff")
    assert [item["changed"] for item in result["results"]] == [False, True, True]
    assert [difference["after"]["profile_name"] for difference in result["diff"]] == ["p1", "p2"]
    assert simulator.requests(method="POST") == []


# Looking up


@pytest.fixture
def account(simulator: Simulator) -> dict[str, str]:
    """An account with the four kinds of profile: the id of each by its state."""
    seeded = {
        state: simulator.seed(profile_name="default", sending_domain="mail.acorn.example", state=state)["profile_id"]
        for state in ("active", "failed")
    }
    for state in ("pending", "disabled"):
        seeded[state] = simulator.seed(profile_name=state, sending_domain="%s.acorn.example" % state, state=state)[
            "profile_id"
        ]
    simulator.clear_requests()
    return seeded


@pytest.mark.parametrize(
    "options, states",
    [
        ({}, ["active", "failed", "pending", "disabled"]),
        ({"profile_name": "default"}, ["active", "failed"]),
        ({"sending_domain": "MAIL.acorn.example."}, ["active", "failed"]),
        ({"states": ["pending", "failed"]}, ["failed", "pending"]),
        ({"profile_name": "default", "states": ["pending"]}, []),
        ({"profile_name": "nobody"}, []),
        (
            {
                "profiles": [
                    {"profile_name": "default"},
                    {"sending_domain": "pending.acorn.example"},
                    {"profile_name": "nobody"},
                ]
            },
            ["active", "pending"],
        ),
        ({"profiles": []}, []),
    ],
)
def test_profiles_are_found_by_what_is_given(
    options: dict[str, Any], states: list[str], ansible: Ansible, account: dict[str, str]
) -> None:
    result = ansible.module("smtpd_profile_info", **options)
    assert [profile["state"] for profile in result["profiles"]] == states
    assert result["changed"] is False and result["dns_records"] == []
    assert all("dns_records" not in profile for profile in result["profiles"])


def test_a_profile_is_found_by_its_id(ansible: Ansible, account: dict[str, str]) -> None:
    (profile,) = ansible.module("smtpd_profile_info", profile_id=account["failed"])["profiles"]
    assert profile["profile_id"] == account["failed"]


def test_an_id_that_is_not_there_finds_nothing_and_is_no_error(ansible: Ansible, account: dict[str, str]) -> None:
    result = ansible.module("smtpd_profile_info", profile_id="ce26304e-e916-11ea-9063-3af9d3cba4ef")
    assert not result["failed"] and result["profiles"] == []


def test_a_pending_profile_tells_when_it_will_be_disabled(ansible: Ansible, account: dict[str, str]) -> None:
    (profile,) = ansible.module("smtpd_profile_info", states=["pending"])["profiles"]
    assert profile["pending_since"] == profile["modified_at"]
    assert profile["disabled_after"] > profile["pending_since"]


def test_with_setup_records_are_in_their_profiles_and_flattened(ansible: Ansible, simulator: Simulator) -> None:
    ensure(ansible, wanted(3))
    result = ansible.module("smtpd_profile_info", setup=True)
    assert [len(profile["dns_records"]) for profile in result["profiles"]] == [9, 9, 9]
    assert result["dns_records"] == [record for profile in result["profiles"] for record in profile["dns_records"]]


def test_with_wait_it_waits_until_records_exist(ansible: Ansible, simulator: Simulator) -> None:
    ensure(ansible, wanted(2), wait=False)
    result = ansible.module("smtpd_profile_info", setup=True, wait=True, **QUICK)
    assert [len(profile["dns_records"]) for profile in result["profiles"]] == [9, 9]


def test_a_wait_in_vain_fails_with_what_is_there(ansible: Ansible, simulator: Simulator) -> None:
    simulator.settings(creating=60)
    ensure(ansible, wanted(1), wait=False)
    result = ansible.module("smtpd_profile_info", setup=True, wait=True, wait_interval=0.1, wait_timeout=0.4)
    assert result["failed"] and "in state 'creating'" in result["msg"]
    assert [profile["state"] for profile in result["profiles"]] == ["creating"]


def test_looking_up_never_writes(ansible: Ansible, simulator: Simulator, account: dict[str, str]) -> None:
    ansible.module("smtpd_profile_info", setup=True, wait=True, wait_timeout=1)
    assert {request["method"] for request in simulator.requests()} == {"GET"}
