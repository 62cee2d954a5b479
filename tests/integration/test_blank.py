# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A blank answer of a form counts as not given, for every variable of every role and playbook: also for those that are yet to come."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import Ansible
from tests.integration.test_role import ONE, settings
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.inprocess import run_module

ROOT = Path(__file__).resolve().parents[2]
BLANKS = ["", " \t"]
PLAY = [{"hosts": "localhost", "gather_facts": False, "roles": ["smtpd.email.sending_profile"]}]


def options(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def names_in(pattern: str, *files: str) -> list[str]:
    texts = [(ROOT / "playbooks" / file).read_text(encoding="utf-8") for file in files]
    return sorted({name for text in texts for name in re.findall(pattern, text)})


PROFILE = {"sending_profile_" + name: value for name, value in ONE.items()}
ROLE_OPTIONS = sorted(options("sending_profile"))
# Without these nothing can be published, or nothing is known of where to look.
NEEDED = {"dns_octodns", "dns_octodns_secrets", "dns_provider", "dns_zones", "dns_nameservers"}
# A choice is checked by Ansible itself, for which only an empty text can be one.
CHOICES = {name for name, option in options("sending_profile").items() if "choices" in option}


def needed(dns: BindServer) -> dict[str, Any]:
    return {"sending_profile_" + name: value for name, value in settings(dns).items() if name in NEEDED}


def given(dns: BindServer) -> dict[str, Any]:
    """What stays given while all else is blank."""
    return {**PROFILE, **needed(dns)}


@pytest.mark.parametrize("blank", BLANKS, ids=["empty", "white space"])
def test_the_role_works_with_all_other_variables_blank(
    blank: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    blanks = {name: "" if name in CHOICES else blank for name in ROLE_OPTIONS}
    run = ansible.playbook(
        PLAY,
        **{**blanks, **given(dns)},
    )
    assert run.returncode == 0, run.output
    (profile,) = simulator.profiles()
    assert profile["state"] == "active"
    defaults = options("sending_profile")
    arguments = run.of("Have the service verify the profiles once DNS answers right")["invocation"]["module_args"]
    assert arguments["wait_interval"] == defaults["sending_profile_wait_interval"]["default"]
    assert arguments["wait_timeout"] == defaults["sending_profile_wait_timeout"]["default"]
    published = run.of("Publish the DNS records by octoDNS")["invocation"]["module_args"]
    assert published["ttl"] == defaults["sending_profile_dns_ttl"]["default"]
    assert run.of("Create the profiles that are not there")["invocation"]["module_args"]["preflight"] is True


@pytest.mark.parametrize("blank", BLANKS, ids=["empty", "white space"])
def test_a_blank_list_stands_for_the_one_profile_and_a_blank_provider_for_manual(
    blank: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    names = [name for name in ROLE_OPTIONS if name not in CHOICES and name not in PROFILE]
    run = ansible.playbook(
        PLAY,
        **{**dict.fromkeys(names, blank), **PROFILE, "sending_profile_dns_nameservers": [dns.address]},
    )
    assert run.returncode == 0, run.output
    assert len(simulator.profiles()) == 1
    assert run.of("Show what is to be published")["msg"]


@pytest.mark.parametrize("blank", BLANKS, ids=["empty", "white space"])
@pytest.mark.parametrize("name", ["name", "sending_domain"])
def test_a_required_name_that_is_blank_is_an_error(
    name: str, blank: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.playbook(
        PLAY,
        **{**given(dns), "sending_profile_" + name: blank},
    )
    option = {"name": "profile_name"}.get(name, name)
    assert run.returncode != 0 and option in run.output, run.output
    item = {"profile_name": "newsletter", "sending_domain": "mail.acorn.example", option: blank}
    result = run_module(
        "smtpd_sending_profiles", profiles=[item], api_url=simulator.url, access_token=simulator.token, preflight=False
    )
    assert result["failed"] and option in result["msg"], result["msg"]
    assert simulator.profiles() == []


@pytest.mark.parametrize("blank", BLANKS, ids=["empty", "white space"])
def test_the_audit_works_with_all_variables_blank(
    blank: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    blanks = dict.fromkeys(options("smtpd_audit"), blank)
    run = ansible.shipped("audit", **{**blanks, "smtpd_audit_nameservers": [dns.address]})
    assert run.returncode == 0, run.output
    run = ansible.shipped("audit", **{**blanks, "smtpd_audit_resolver": dns.address})
    assert run.returncode == 0, run.output


PLAYBOOK = r"\bsmtpd_(?:profiles|hosts|heal_ids)\b"


@pytest.mark.parametrize("blank", BLANKS, ids=["empty", "white space"])
def test_the_playbooks_work_with_all_other_variables_blank(
    blank: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    blanks = {name: "" if name in CHOICES else blank for name in ROLE_OPTIONS}
    blanks.update(dict.fromkeys(names_in(PLAYBOOK, "setup.yml", "heal.yml"), blank))
    for name in ("setup", "heal"):
        run = ansible.shipped(name, **{**blanks, **given(dns)})
        assert run.returncode == 0, run.output
    assert [profile["state"] for profile in simulator.profiles()] == ["active"]


@pytest.mark.parametrize("blank", BLANKS, ids=["empty", "white space"])
def test_a_module_takes_every_blank_option_that_it_does_not_need_as_not_given(
    blank: str, simulator: Simulator, dns: BindServer
) -> None:
    item = {"profile_name": "newsletter", "sending_domain": "mail.acorn.example", "link_domain": blank}
    result = run_module(
        "smtpd_sending_profiles",
        profiles=[item],
        api_url=simulator.url,
        access_token=simulator.token,
        nameservers=[dns.address],
        **dict.fromkeys(
            ["state", "wait", "wait_timeout", "concurrency", "provider", "provider_secrets", "zones", "retries"], blank
        ),
    )
    assert not result["failed"] and result["changed"], result["msg"]
    assert len(simulator.profiles()) == 1
