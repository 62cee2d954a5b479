# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook smtpd.email.setup, as it is run by hand and by AWX; and what the role passes on to workflow nodes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conftest import Ansible, Run
from tests.integration.test_role import PUBLISH, VERIFY, settings
from tests.simulator import Simulator
from tests.support.bind import BindServer

# What a form of AWX sends for questions that were left empty.
BLANK = {
    "sending_profile_" + name: "" for name in ("name", "link_domain", "link_domain_default_redirect", "bounce_domain")
}
BLANK.update(sending_profile_sending_domain="", sending_profile_dns_zones="", smtpd_profiles="", smtpd_hosts="")


def variables(dns: BindServer, **more: Any) -> dict[str, Any]:
    return {**{"sending_profile_" + name: value for name, value in settings(dns).items()}, **more}


def states(simulator: Simulator) -> dict[str, str]:
    return {profile["sending_domain"]: profile["state"] for profile in simulator.profiles()}


def artifacts(run: Run) -> list[dict[str, Any]]:
    return run.of("ansible.builtin.set_stats")["ansible_stats"]["data"]["sending_profile_results"]


def test_the_playbook_sets_up_one_profile_with_the_variables_of_the_role(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.shipped(
        "setup",
        **variables(
            dns,
            sending_profile_name="newsletter",
            sending_profile_sending_domain="mail.acorn.example",
            sending_profile_link_domain="go.acorn-links.example",
        ),
    )
    assert run.returncode == 0, run.output
    assert states(simulator) == {"mail.acorn.example": "active"}


@pytest.mark.thorough
def test_answers_of_a_form_that_were_left_empty_count_as_not_given(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    one = variables(dns, **{**BLANK, "sending_profile_dns_zones": ["acorn.example"]})
    run = ansible.shipped("setup", **{**one, "smtpd_profiles": "a.acorn.example first\nb.acorn.example second\n"})
    assert run.returncode == 0, run.output
    assert states(simulator) == {"a.acorn.example": "active", "b.acorn.example": "active"}
    assert [profile["profile_name"] for profile in simulator.profiles()] == ["first", "second"]


def test_each_host_of_an_inventory_of_ones_own_is_a_profile(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    hosts = {
        "host%d" % number: {
            "sending_profile_name": "p%d" % number,
            "sending_profile_sending_domain": "d%d.acorn.example" % number,
            # Its tasks run on the controller all the same.
            "ansible_connection": "ssh",
            "ansible_host": "192.0.2.1",
        }
        for number in range(3)
    }
    (ansible.workdir / "hosts.json").write_text(json.dumps({"mail": {"hosts": hosts}}))
    run = ansible.shipped("setup", "-i", "hosts.json", "--limit", "host0,host2", **variables(dns, smtpd_hosts="mail"))
    assert run.returncode == 0, run.output
    assert states(simulator) == {"d0.acorn.example": "active", "d2.acorn.example": "active"}
    assert [item["task"] for item in run.results if item["task"].endswith(VERIFY)] != []
    assert len([item for item in run.results if item["task"].endswith(PUBLISH)]) == 1, "one task for all hosts"


def test_nothing_to_set_up_is_an_error_that_says_what_to_give(ansible: Ansible, simulator: Simulator) -> None:
    run = ansible.shipped("setup", **BLANK)
    assert run.returncode != 0
    assert "There is nothing to set up. Give sending_profile_name" in run.output
    assert simulator.requests() == []


@pytest.mark.thorough
@pytest.mark.parametrize("answer, asked", [("true", True), ("false", False)])
def test_a_choice_of_a_form_is_a_boolean_of_the_role(
    answer: str, asked: bool, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.shipped(
        "setup",
        **variables(
            dns,
            sending_profile_name="n",
            sending_profile_sending_domain="mail.acorn.example",
            sending_profile_verify=answer,
            sending_profile_preflight=answer,
        ),
    )
    assert run.returncode == 0, run.output
    assert bool(simulator.requests(method="PUT")) == asked


def test_a_stage_of_the_role_is_chosen_by_its_tag(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    run = ansible.shipped(
        "setup",
        "--tags",
        "create",
        **variables(dns, sending_profile_name="n", sending_profile_sending_domain="mail.acorn.example"),
    )
    assert run.returncode == 0, run.output
    assert {item["action"] for item in run.results if item["action"].startswith("smtpd.email.")} == {
        "smtpd.email.smtpd_sending_profiles"
    }


def test_a_workflow_node_passes_on_ids_and_states_and_no_secret(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.shipped(
        "setup",
        **variables(
            dns,
            sending_profile_name="n",
            sending_profile_sending_domain="mail.acorn.example",
            sending_profile_dns_provider="manual",
        ),
    )
    assert run.returncode == 0, run.output
    (profile,) = simulator.profiles()
    assert artifacts(run) == [
        {
            "profile_id": profile["profile_id"],
            "profile_name": "n",
            "sending_domain": "mail.acorn.example",
            "state": "pending",
            "failed": False,
            "open_records": 9,
            "todo": "Profile %s ('n' of mail.acorn.example): publish these records, then run again."
            % profile["profile_id"],
        }
    ]


@pytest.mark.thorough
def test_what_an_earlier_node_passed_on_does_not_hide_what_this_one_finds(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    earlier = [{"profile_id": "other", "failed": True, "todo": "stale", "state": "failed", "open_records": 1}]
    run = ansible.shipped(
        "setup",
        **variables(
            dns,
            sending_profile_name="n",
            sending_profile_sending_domain="mail.acorn.example",
            sending_profile_results=earlier,
        ),
    )
    assert run.returncode == 0, run.output
    assert [(item["state"], item["todo"]) for item in artifacts(run)] == [("active", "")]
    assert "stale" not in run.output
