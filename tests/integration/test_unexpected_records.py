# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of the service's answer that its contract does not allow: nothing of such a profile gets anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Ansible
from tests.integration.test_heal import heal, seed
from tests.integration.test_heal import results as heal_results
from tests.integration.test_role import RESULTS, content, settings
from tests.simulator import Simulator
from tests.support.bind import BindServer

# The attacks that a service could try, besides the nine right records of a profile for d0.acorn.example.
ATTACKS = [
    ("_acme-challenge.acorn.example", "TXT", "gfj9Xq-Rg85nM"),
    ("_dmarc.acorn.example", "TXT", "v=DMARC1; p=none"),
    ("acorn.example", "TXT", "google-site-verification=attacker"),
    ("acorn.example", "MX", "mx.attacker.example"),
    ("*.acorn.example", "CNAME", "attacker.example"),
    ("shop.acorn.example", "CNAME", "attacker.example"),
    ("shop.acorn-links.example", "CNAME", "attacker.example"),
]
OWN = [
    ("acorn.example", "MX", "10 mx.example.net."),
    ("_dmarc.acorn.example", "TXT", '"v=DMARC1; p=reject"'),
]


@pytest.fixture
def zones(dns: BindServer) -> BindServer:
    """The name server, with the user's own records in its zones."""
    for name, rdtype, rdata in OWN:
        dns.add(name, rdtype, rdata)
    return dns


def attack(
    simulator: Simulator, dns: BindServer, name: str, type_: str, value: str, state: str = "pending"
) -> dict[str, Any]:
    """A profile whose records the service has completed by one more."""
    profile = seed(simulator, dns, 0, state, publish=False)
    extra = {"name": name, "type": type_, "value": value, "validation_state": "pending"}
    simulator.patch(profile["profile_id"], dns_records=[*profile["dns_records"], extra])
    return profile


@pytest.mark.parametrize("name, type_, value", ATTACKS)
def test_the_role_publishes_nothing_of_the_profile_and_sets_up_the_others(
    name: str, type_: str, value: str, ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    attack(simulator, zones, name, type_, value)
    seed(simulator, zones, 1, "pending", publish=False)
    before = set(content(zones).splitlines())
    wanted = [{"profile_name": "p%d" % n, "sending_domain": "d%d.acorn.example" % n} for n in range(2)]
    run = ansible.role(list=wanted, **{**settings(zones), "dns_conflict": "replace"})
    assert run.returncode != 0
    bad, good = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert (bad["failed"], bad["state"], good["failed"], good["state"]) == (True, "pending", False, "active")
    assert all(word in bad["todo"] for word in ("unexpected_record", name, type_, value)), bad["todo"]
    after = set(content(zones).splitlines())
    assert before <= after
    added = sorted(line.split()[0] for line in after - before)
    assert len(added) == 9
    assert all(owner.endswith((".d1.acorn.example.", "go1.acorn-links.example.")) for owner in added), added


@pytest.mark.parametrize("flags", [("--tags", "dns"), ("--skip-tags", "report")])
@pytest.mark.parametrize("in_the_way", ["unexpected record", "address"])
def test_without_a_report_the_others_are_set_up_too_and_the_role_fails_at_the_end(
    in_the_way: str, flags: tuple[str, str], ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    if in_the_way == "address":
        seed(simulator, zones, 0, "pending", publish=False)
        zones.add("go0.acorn-links.example", "A", "192.0.2.1")
    else:
        attack(simulator, zones, *ATTACKS[0])
    seed(simulator, zones, 1, "pending", publish=False)
    wanted = [{"profile_name": "p%d" % n, "sending_domain": "d%d.acorn.example" % n} for n in range(2)]
    run = ansible.role(*flags, list=wanted, **settings(zones))
    assert run.failed == ["smtpd.email.sending_profile : Fail if a stage could not be completed for a profile"]
    message = run.of("Fail if a stage could not be completed for a profile")["msg"]
    assert ("go0.acorn-links.example" if in_the_way == "address" else "unexpected_record") in message
    assert "d1.acorn.example" in content(zones) and "d0.acorn.example" not in content(zones)
    verified = "active" if flags[1] == "report" else "pending"
    assert [profile["state"] for profile in simulator.profiles()] == ["pending", verified]


def test_manual_mode_shows_no_record_of_the_profile(ansible: Ansible, simulator: Simulator, zones: BindServer) -> None:
    attack(simulator, zones, *ATTACKS[0])
    variables = {**settings(zones), "dns_provider": "manual"}
    run = ansible.role(name="p0", sending_domain="d0.acorn.example", **variables)
    assert run.returncode != 0
    assert "unexpected_record" in run.of("Fail if a profile could not be set up")["msg"]
    assert "IN\tCNAME" not in run.output and " IN CNAME " not in run.output


def test_heal_publishes_nothing_of_the_profile_and_heals_the_others(
    ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    attack(simulator, zones, *ATTACKS[0])
    seed(simulator, zones, 1, "pending", publish=False)
    run = heal(ansible, zones)
    assert run.returncode != 0
    found = heal_results(run)
    assert found["d1.acorn.example"]["healed"]
    assert "unexpected_record" in found["d0.acorn.example"]["todo"]
    assert "d0.acorn.example" not in content(zones) and "_acme-challenge" not in content(zones)


def test_a_lookup_gives_a_finding_in_place_of_the_records(
    ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    profile = attack(simulator, zones, *ATTACKS[0])
    seed(simulator, zones, 1, publish=False)
    result = ansible.module("smtpd_profile_info", setup=True)
    assert not result["failed"], result
    assert [len(item["dns_records"]) for item in result["profiles"]] == [0, 9]
    (finding,) = result["findings"]
    assert (finding["profile_id"], finding["code"], finding["severity"]) == (
        profile["profile_id"],
        "unexpected_record",
        "error",
    )
    assert (finding["name"], finding["type"], finding["value"]) == ATTACKS[0]
    assert "does not belong to the profile" in finding["reason"]


@pytest.mark.parametrize("module", ["smtpd_sending_profile", "smtpd_sending_profiles"])
def test_creating_and_verifying_fails_with_the_finding(
    module: str, ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    attack(simulator, zones, *ATTACKS[0])
    wanted = {"profile_name": "p0", "sending_domain": "d0.acorn.example"}
    result = ansible.module(module, **(wanted if module == "smtpd_sending_profile" else {"profiles": [wanted]}))
    assert result["failed"] and "unexpected_record" in result["msg"]
    assert result["dns_records"] == []
    assert [finding["name"] for finding in result["findings"]] == [ATTACKS[0][0]]


def test_a_link_domain_that_was_not_requested_is_not_published(
    ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    """The service tells another link domain after the profile was matched with the wanted one."""
    profile = seed(simulator, zones, 0, "pending", publish=False)
    records = [
        dict(record, name=record["name"].replace("go0.acorn-links.example", "shop.acorn-links.example"))
        for record in profile["dns_records"]
    ]
    simulator.patch(profile["profile_id"], dns_records=records)
    run = ansible.role(
        name="p0", sending_domain="d0.acorn.example", link_domain="go0.acorn-links.example", **settings(zones)
    )
    assert run.returncode != 0
    assert "unexpected_record" in run.of("Fail if a profile could not be set up")["msg"]
    assert "d0.acorn.example" not in content(zones) and "shop" not in content(zones)


@pytest.mark.parametrize("state, status", [("active", "degraded"), ("pending", "broken")])
def test_the_audit_reports_it(
    state: str, status: str, ansible: Ansible, simulator: Simulator, zones: BindServer
) -> None:
    simulator.settings(dns=None)
    attack(simulator, zones, *ATTACKS[0], state=state)
    run = ansible.shipped("audit", smtpd_audit_nameservers=[zones.address], smtpd_audit_fail_on=[])
    (item,) = run.of("ansible.builtin.set_stats")["ansible_stats"]["data"]["smtpd_audit_summary"]["problems"]
    assert (item["status"], item["diagnosis"]) == (status, "unexpected_record")
    assert ATTACKS[0][0] in item["message"]


def test_the_mail_of_a_zone_is_not_given_up_for_a_bounce_domain_at_its_top(ansible: Ansible, zones: BindServer) -> None:
    provider, secrets = zones.octodns_provider()
    result = ansible.module(
        "smtpd_dns_records",
        records=[{"name": "acorn.example", "type": "MX", "value": "feedback-smtp.us-east-1.amazonses.com"}],
        provider=provider,
        provider_secrets=secrets,
        zones=["acorn.example"],
        conflict="replace",
    )
    assert result["failed"]
    assert [conflict["code"] for conflict in result["conflicts"]] == ["mx_at_apex"]
    assert "\nacorn.example. 300 IN MX 10 mx.example.net.\n" in zones.zone_text("acorn.example")
