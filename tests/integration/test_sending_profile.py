# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating one profile, by C(ansible -m smtpd.email.smtpd_sending_profile), against the service over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator

LIST = "/api/v1/profile/email"
WANTED = {
    "profile_name": "newsletter",
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn-links.example",
    "link_domain_default_redirect": "https://www.acorn.example/",
    "bounce_domain": "bounce.mail.acorn.example",
}
QUICK = {"wait_interval": 0.1, "wait_timeout": 20}


def create(ansible: Ansible, *flags: str, environ: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    return ansible.module("smtpd_sending_profile", *flags, environ=environ, **{**WANTED, **QUICK, **options})


def calls(simulator: Simulator) -> list[str]:
    return ["%s %s" % (request["method"], request["path"]) for request in simulator.requests()]


def published(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(record["fqdn"], record["type"], record["rdata"]) for record in result["dns_records"]]


# What is sent, and what is returned


def test_a_profile_that_is_not_there_is_created_and_returned_with_its_records(
    ansible: Ansible, simulator: Simulator
) -> None:
    result = create(ansible)
    assert result["changed"] is True
    assert {key: result["profile"][key] for key in WANTED} == WANTED
    assert result["profile"]["state"] == "pending"
    assert [profile["profile_id"] for profile in simulator.profiles()] == [result["profile"]["profile_id"]]
    records = {(record["fqdn"], record["type"]): record for record in result["dns_records"]}
    assert len(result["dns_records"]) == 9
    assert records["bounce.mail.acorn.example.", "MX"]["rdata"] == "10 feedback-smtp.us-east-1.amazonses.com."
    assert records["bounce.mail.acorn.example.", "MX"]["priority"] == 10
    assert records["bounce.mail.acorn.example.", "MX"]["value"] == "feedback-smtp.us-east-1.amazonses.com"
    assert records["bounce.mail.acorn.example.", "TXT"]["rdata"] == '"v=spf1 include:amazonses.com ~all"'
    assert records["go.acorn-links.example.", "CNAME"]["rdata"] == "l.smtpdgo.com."
    assert all(record["profile_id"] == result["profile"]["profile_id"] for record in result["dns_records"])


def test_only_what_is_given_is_sent_with_both_authentication_headers(ansible: Ansible, simulator: Simulator) -> None:
    ansible.ad_hoc("smtpd_sending_profile", profile_name="plain", sending_domain="Mail.Acorn.Example.", wait=False)
    (post,) = simulator.requests(method="POST")
    assert post["path"] == LIST
    assert post["body"] == {"profile_name": "plain", "sending_domain": "mail.acorn.example"}
    headers = {name.lower(): value for name, value in post["headers"].items()}
    assert headers["authentication"] == headers["authorization"] == "Bearer " + simulator.token
    assert headers["content-type"] == "application/json"


def test_calls_of_a_run_share_one_connection(ansible: Ansible, simulator: Simulator) -> None:
    create(ansible)
    assert len(simulator.requests()) >= 4
    assert len({request["peer"] for request in simulator.requests()}) == 1


def test_a_second_run_changes_nothing(ansible: Ansible, simulator: Simulator) -> None:
    first = create(ansible)
    simulator.clear_requests()
    second = create(ansible)
    assert second["changed"] is False
    assert second["profile"] == first["profile"]
    assert published(second) == published(first)
    assert calls(simulator) == ["GET " + LIST, "GET %s/%s/setup" % (LIST, first["profile"]["profile_id"])]


def test_without_waiting_the_profile_is_returned_while_it_is_being_created(
    ansible: Ansible, simulator: Simulator
) -> None:
    result = create(ansible, wait=False)
    assert (result["changed"], result["profile"]["state"], result["dns_records"]) == (True, "creating", [])
    assert calls(simulator) == ["GET " + LIST, "POST " + LIST, "GET " + LIST], "the last one looks for twins"


def test_waiting_asks_for_the_setup_only_once_the_profile_has_left_creating(
    ansible: Ansible, simulator: Simulator
) -> None:
    simulator.settings(creating=1.0)
    create(ansible)
    assert sum(call.endswith("/setup") for call in calls(simulator)) == 1


def test_a_wait_in_vain_fails_and_tells_the_id(ansible: Ansible, simulator: Simulator) -> None:
    simulator.settings(creating=60)
    result = create(ansible, wait_timeout=0.5)
    assert result["failed"] and result["changed"] is True
    assert result["profile"]["profile_id"] == simulator.profiles()[0]["profile_id"]
    assert result["profile"]["profile_id"] in result["msg"]
    assert "in state 'creating'" in result["msg"]


def test_a_creation_that_fails_at_the_service_ends_the_wait_early(ansible: Ansible, simulator: Simulator) -> None:
    simulator.settings(creating=60)
    result = create(ansible, wait=False)
    simulator.patch(result["profile"]["profile_id"], state="failed")
    result = create(ansible, profile_id=result["profile"]["profile_id"])
    assert result["failed"] and "state 'failed'" in result["msg"]


def test_a_state_that_is_not_known_is_waited_through_and_shown(ansible: Ansible, simulator: Simulator) -> None:
    profile = simulator.seed(
        profile_name="newsletter", sending_domain="mail.acorn.example", state="queued", dns_records=[]
    )
    result = ansible.module(
        "smtpd_sending_profile", profile_id=profile["profile_id"], wait_timeout=0.4, wait_interval=0.1
    )
    assert result["failed"] and "in state 'queued'" in result["msg"]


# Check mode and diff


def test_check_mode_writes_nothing_and_returns_what_is_planned(ansible: Ansible, simulator: Simulator) -> None:
    result = create(ansible, "--check", "--diff")
    assert result["changed"] is True
    assert result["profile"]["profile_id"] is None
    assert result["profile"]["sending_domain"] == "mail.acorn.example"
    assert result["dns_records"] == []
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"] == result["profile"]
    assert simulator.requests(method="POST") == [] and simulator.profiles() == []


def test_check_mode_of_a_profile_that_is_there_changes_nothing(ansible: Ansible, simulator: Simulator) -> None:
    created = create(ansible)
    checked = create(ansible, "--check")
    assert (checked["changed"], checked["profile"], published(checked)) == (
        False,
        created["profile"],
        published(created),
    )


# Finding


def test_of_two_live_twins_none_is_taken(ansible: Ansible, simulator: Simulator) -> None:
    twins = [
        simulator.seed(profile_name="newsletter", sending_domain="mail.acorn.example", state=state)
        for state in ("active", "pending")
    ]
    result = ansible.module("smtpd_sending_profile", profile_name="newsletter", sending_domain="mail.acorn.example")
    assert result["failed"] and "profile_id" in result["msg"]
    for twin in twins:
        assert "%s (%s)" % (twin["profile_id"], twin["state"]) in result["msg"]
    assert simulator.requests(method="POST") == []


def test_one_of_two_twins_is_taken_by_its_id(ansible: Ansible, simulator: Simulator) -> None:
    twins = [
        simulator.seed(profile_name="newsletter", sending_domain="mail.acorn.example", state="active")
        for number in range(2)
    ]
    result = ansible.module("smtpd_sending_profile", profile_id=twins[1]["profile_id"])
    assert (result["changed"], result["profile"]["profile_id"]) == (False, twins[1]["profile_id"])


def test_beside_a_failed_twin_a_new_profile_is_created(ansible: Ansible, simulator: Simulator) -> None:
    failed = simulator.seed(**WANTED, state="failed")
    result = create(ansible)
    assert result["changed"] is True
    assert result["profile"]["profile_id"] != failed["profile_id"]


def test_an_option_that_differs_is_an_error_and_nothing_is_written(ansible: Ansible, simulator: Simulator) -> None:
    profile = simulator.seed(**WANTED, state="active")
    simulator.clear_requests()
    result = create(ansible, bounce_domain="other.acorn.example")
    assert result["failed"] and result["changed"] is False
    assert "bounce_domain: found 'bounce.mail.acorn.example', wanted 'other.acorn.example'" in result["msg"]
    assert profile["profile_id"] in result["msg"]
    assert calls(simulator) == ["GET " + LIST]


def test_an_id_that_is_not_there_is_an_error(ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.module("smtpd_sending_profile", profile_id="ce26304e-e916-11ea-9063-3af9d3cba4ef")
    assert result["failed"] and "no profile with profile_id ce26304e" in result["msg"]


# Bad input


@pytest.mark.parametrize(
    "options, named",
    [
        ({"sending_domain": ""}, "sending_domain"),
        ({"sending_domain": "not a domain"}, "sending_domain"),
        ({"sending_domain": "https://acorn.example"}, "sending_domain"),
        ({"link_domain": "-acorn.example"}, "link_domain"),
        ({"profile_name": ""}, "profile_name"),
        ({"profile_id": "a/b"}, "profile_id"),
        ({"link_domain_default_redirect": "acorn"}, "link_domain_default_redirect"),
        ({"wait_timeout": -1}, "wait_timeout"),
        ({"wait_interval": -1}, "wait_interval"),
        ({"timeout": -1}, "timeout"),
        ({"retries": -1}, "retries"),
        ({"state": "absent"}, "state"),
        ({"api_url": "http://api.smtpd.dev"}, "api_url"),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path"),
        ({"api_key": "k"}, "api_secret"),
    ],
)
def test_bad_input_is_told_by_its_option_before_any_call(
    options: dict[str, Any], named: str, ansible: Ansible, simulator: Simulator
) -> None:
    result = create(ansible, **options)
    assert result["failed"] and named in result["msg"]
    assert simulator.requests() == []


def test_without_credentials_it_says_how_to_give_them(ansible: Ansible, simulator: Simulator) -> None:
    result = create(ansible, environ={"SMTPD_ACCESS_TOKEN": ""})
    assert result["failed"] and "SMTPD_ACCESS_TOKEN" in result["msg"] and "api_secret" in result["msg"]
    assert simulator.requests() == []


def test_without_anything_that_identifies_a_profile_it_says_what_to_give(
    ansible: Ansible, simulator: Simulator
) -> None:
    result = ansible.module("smtpd_sending_profile", link_domain="go.acorn.example")
    assert result["failed"] and "profile_name" in result["msg"]
    assert simulator.requests() == []


# Faults


def test_a_creation_whose_answer_is_lost_is_recognised(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("create", reset_after=True)
    result = create(ansible)
    assert result["changed"] is True
    assert len(simulator.profiles()) == 1
    assert result["profile"]["profile_id"] == simulator.profiles()[0]["profile_id"]


def test_a_creation_that_was_not_carried_out_is_sent_again(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("create", status=503)
    assert create(ansible)["changed"] is True
    assert len(simulator.profiles()) == 1
    assert len(simulator.requests(method="POST")) == 2


def test_a_creation_that_fails_again_and_again_says_that_there_is_no_profile(
    ansible: Ansible, simulator: Simulator
) -> None:
    simulator.inject("create", status=500, times=5)
    result = create(ansible, retries=1)
    assert result["failed"] and result["changed"] is False
    assert "answered 500" in result["msg"] and "The list does not show the profile" in result["msg"]


def test_a_creation_that_is_refused_is_not_sent_again(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("create", status=400, body={"code": 40001, "message": "sending_domain is taken"}, times=5)
    result = create(ansible)
    assert result["failed"] and result["changed"] is False
    assert "POST %s: the service answered 400 (code 40001): sending_domain is taken." % LIST in result["msg"]
    assert len(simulator.requests(method="POST")) == 1


def test_a_reading_call_is_repeated_as_the_service_asks(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", status=429, headers={"Retry-After": "0"}, times=2)
    assert not create(ansible, wait=False)["failed"]


def test_a_wait_that_the_service_asks_for_is_not_longer_than_the_time_left(
    ansible: Ansible, simulator: Simulator
) -> None:
    simulator.inject("list", status=503, headers={"Retry-After": "3600"}, times=5)
    result = create(ansible)
    assert result["failed"] and "asks to wait 3600 s" in result["msg"]


def test_a_redirect_is_not_followed_and_its_target_named(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", redirect="https://elsewhere.example/login", status=302)
    result = create(ansible)
    assert result["failed"] and "302" in result["msg"] and "https://elsewhere.example/login" in result["msg"]


def test_an_answer_that_is_no_json_is_shown_in_short(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", html=True)
    result = create(ansible)
    assert result["failed"] and "GET %s: the service answered 200, but with a body of text/html" % LIST in result["msg"]


def test_without_a_service_it_says_where_it_looked(ansible: Ansible) -> None:
    result = create(ansible, api_url="http://127.0.0.1:1", retries=0)
    assert result["failed"] and "no connection to 127.0.0.1:1" in result["msg"]


def test_a_service_that_does_not_answer_is_given_up_after_the_timeout(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", hang=5)
    result = create(ansible, timeout=0.3, retries=0)
    assert result["failed"] and "did not answer within 0.3 s" in result["msg"]
