# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook smtpd.email.heal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Ansible, Run
from tests.integration.test_role import content, settings
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer


def heal(
    ansible: Ansible, dns: BindServer, *flags: str, environ: dict[str, str] | None = None, **variables: Any
) -> Run:
    role = {"sending_profile_" + name: value for name, value in settings(dns).items()}
    return ansible.shipped("heal", *flags, environ=environ, **{**role, **variables})


def seed(
    simulator: Simulator, dns: BindServer, number: int, state: str = "active", publish: bool = True
) -> dict[str, Any]:
    """Put a profile in, and publish its records before the service looks at them."""
    looking_at = simulator.settings()["dns"]
    simulator.settings(dns=None)
    profile = simulator.seed(
        profile_name="p%d" % number,
        sending_domain="d%d.acorn.example" % number,
        bounce_domain="bounce.d%d.acorn.example" % number,
        link_domain="go%d.acorn-links.example" % number,
        state=state,
    )
    for record in profile["dns_records"] if publish else []:
        dns.add(
            record["name"],
            record["type"],
            {"TXT": '"%s"', "MX": "10 %s.", "CNAME": "%s."}[record["type"]] % record["value"],
        )
    simulator.settings(dns=looking_at)
    return profile


def results(run: Run) -> dict[str, dict[str, Any]]:
    artifact = run.of("ansible.builtin.set_stats")["ansible_stats"]["data"]["smtpd_heal_results"]
    return {item["sending_domain"]: item for item in artifact}


def test_all_pending_profiles_are_healed_and_nothing_else_is_touched(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    for number, state in enumerate(("pending", "pending", "active", "failed")):
        seed(simulator, dns, number, state)
    dns.delete("go0.acorn-links.example", "CNAME")
    dns.delete("bounce.d1.acorn.example", "MX")
    dns.add("d0.acorn.example", "TXT", '"somebody elses text"')
    before = set(content(dns).splitlines())
    run = heal(ansible, dns)
    assert run.returncode == 0, run.output
    assert {name: (item["state_before"], item["state"], item["healed"]) for name, item in results(run).items()} == {
        "d0.acorn.example": ("pending", "active", True),
        "d1.acorn.example": ("pending", "active", True),
    }
    assert [line.split()[0] for line in sorted(set(content(dns).splitlines()) - before) if " SOA " not in line] == [
        "bounce.d1.acorn.example.",
        "go0.acorn-links.example.",
    ]
    assert before <= set(content(dns).splitlines())
    simulator.clear_requests()
    again = heal(ansible, dns)
    assert (again.returncode, again.changed, results(again)) == (0, [], {})
    assert {request["method"] for request in simulator.requests()} == {"GET"}


@pytest.mark.thorough
def test_the_profile_of_an_event_is_healed_whatever_the_event_says(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    well, ill = seed(simulator, dns, 0), seed(simulator, dns, 1, "pending", publish=False)
    old_event = {"type": "profile_state_changed", "profile": {"profile_id": well["profile_id"], "state": "pending"}}
    run = heal(ansible, dns, ansible_eda={"event": old_event})
    assert (run.returncode, run.changed) == (0, []), run.output
    assert results(run)["d0.acorn.example"]["healed"] is False
    run = heal(ansible, dns, smtpd_heal_ids=ill["profile_id"], ansible_eda={"event": old_event})
    assert run.returncode == 0, run.output
    assert results(run).keys() == {"d1.acorn.example"}


@pytest.mark.thorough
def test_records_that_were_lost_before_the_service_noticed_are_published_again(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    simulator.settings(dns=None)
    profile = seed(simulator, dns, 0)
    dns.delete("go0.acorn-links.example", "CNAME")
    run = heal(ansible, dns, smtpd_heal_ids=[profile["profile_id"]])
    assert run.returncode == 0, run.output
    assert "go0.acorn-links.example. 3600 IN CNAME l.smtpdgo.com." in content(dns)
    assert run.of("Wait until DNS answers right for those that were active before")["all_present"] is True
    assert (results(run)["d0.acorn.example"]["state"], results(run)["d0.acorn.example"]["failed"]) == ("active", False)


# By the number of a profile, what somebody else has at one of its names.
IN_THE_WAY = {
    1: ("go1.acorn-links.example", "CNAME", "elsewhere.example.net."),
    2: ("go2.acorn-links.example", "A", "192.0.2.1"),
    3: ("bounce.d3.acorn.example", "MX", "10 mx.example.net."),
    4: ("bounce.d4.acorn.example", "TXT", '"v=spf1 include:example.net -all"'),
    5: ("d5.acorn.example", "NS", "ns.example.net."),
}


def seed_one_of_each_kind(simulator: Simulator, dns: BindServer) -> dict[str, str]:
    """Two profiles that can be set up, and others that cannot: by sending domain what the reason names, if there is one."""
    for number in range(7):
        seed(simulator, dns, number, "pending", publish=False)
    for record in IN_THE_WAY.values():
        dns.add(*record)
    simulator.seed(
        profile_name="p7",
        sending_domain="d7.acorn.example",
        bounce_domain="bounce.d7.acorn.example",
        link_domain="go.elsewhere.example",
        state="pending",
    )
    return {
        **{"d%d.acorn.example" % number: "" for number in (0, 6)},
        **{"d%d.acorn.example" % number: name for number, (name, _type, _rdata) in IN_THE_WAY.items()},
        "d7.acorn.example": "go.elsewhere.example",
    }


def assert_one_of_each_kind(found: dict[str, dict[str, Any]], reasons: dict[str, str], dns: BindServer) -> None:
    """What can be set up is active, and nothing of the others is published."""
    assert {domain: item["state"] for domain, item in found.items()} == {
        domain: "pending" if reason else "active" for domain, reason in reasons.items()
    }
    after = content(dns)
    for domain, reason in reasons.items():
        assert found[domain]["failed"] is bool(reason)
        assert reason in found[domain]["todo"]
        assert ("_domainkey.%s." % domain in after) is not bool(reason)
    for name, type_, rdata in IN_THE_WAY.values():
        assert "%s. 300 IN %s %s" % (name, type_, rdata) in after


def test_profiles_that_cannot_be_healed_do_not_hold_up_the_others(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    reasons = seed_one_of_each_kind(simulator, dns)
    run = heal(ansible, dns)
    assert run.returncode != 0
    assert_one_of_each_kind(results(run), reasons, dns)
    assert run.failed[-1].endswith("Fail if a profile is not well")
    message = run.of("Fail if a profile is not well")["msg"]
    assert all(reason in message for reason in reasons.values())


def test_existing_profiles_that_cannot_be_set_up_do_not_hold_up_the_others(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    reasons = seed_one_of_each_kind(simulator, dns)
    wanted = [{"profile_name": "p" + domain[1], "sending_domain": domain} for domain in reasons]
    run = ansible.role(list=wanted, **settings(dns))
    assert run.returncode != 0
    found = run.of("Set the fact sending_profile_results")["ansible_facts"]["sending_profile_results"]
    assert_one_of_each_kind({item["sending_domain"]: item for item in found}, reasons, dns)
    assert len(run.failed) == 1 and run.failed[0].endswith("Fail if a profile could not be set up")


def test_what_cannot_be_healed_fails_and_says_what_is_left_to_do(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    profile = seed(simulator, dns, 0, "pending", publish=False)
    run = heal(
        ansible,
        dns,
        sending_profile_dns_provider="manual",
        smtpd_heal_ids=[profile["profile_id"], "00000000-0000-0000-0000-000000000000"],
    )
    assert run.returncode != 0
    message = run.of("Fail if a profile is not well")["msg"]
    assert "publish these records, then run again" in message
    assert "There is no profile with profile_id 00000000-0000-0000-0000-000000000000 any more." in message
    assert results(run)["d0.acorn.example"]["healed"] is False


@pytest.mark.thorough
def test_the_hosts_of_an_inventory_are_healed_by_one_run_of_each_task(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    for number in range(3):
        seed(simulator, dns, number, "pending", publish=False)
    seed(simulator, dns, 3)
    (ansible.workdir / "mail.smtpd.yml").write_text("plugin: smtpd.email.smtpd\n")
    environ = {"ANSIBLE_INVENTORY": "mail.smtpd.yml"}
    run = heal(ansible, dns, environ=environ, smtpd_hosts="state_pending")
    assert run.returncode == 0, run.output
    assert len(results(run)) == 3
    assert [profile["state"] for profile in simulator.profiles()] == ["active"] * 4
    tasks = [item["task"] for item in run.results if item["status"] != "skipped"]
    assert len(tasks) == len(set(tasks))


def test_hosts_that_are_no_profiles_do_not_mean_all_profiles(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    seed(simulator, dns, 0, "pending", publish=False)
    run = heal(ansible, dns, smtpd_hosts="localhost")
    assert run.returncode != 0 and "has the variable smtpd_profile_id" in run.output
    assert simulator.requests() == []


@pytest.mark.thorough
def test_check_mode_runs_through_and_writes_nothing(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    for number in range(2):
        seed(simulator, dns, number, "pending", publish=False)
    before = content(dns)
    run = heal(ansible, dns, "--check", "--diff")
    assert run.returncode == 0, run.output
    assert content(dns) == before and {request["method"] for request in simulator.requests()} == {"GET"}


@pytest.mark.parametrize(("require", "healed"), [("answering", True), ("all", False)])
def test_a_name_server_that_is_down_is_only_waited_for_where_all_are_required(
    require: str, healed: bool, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    profiles = [
        seed(simulator, dns, number, state, publish=False) for number, state in enumerate(("active", "pending"))
    ]
    with OddServer(lambda _query: None) as down:
        run = heal(
            ansible,
            dns,
            smtpd_heal_ids=[profile["profile_id"] for profile in profiles],
            sending_profile_dns_nameservers=[dns.address, down.address],
            sending_profile_dns_require=require,
            sending_profile_wait_timeout=6,
        )
        assert down.address in run.output
    assert (run.returncode == 0) is healed, run.output
    assert [item["healed"] for item in results(run).values()] == [healed, healed]


@pytest.mark.parametrize("how", ["heal", "octodns", "manual"])
def test_profiles_whose_records_contradict_each_other_do_not_hold_up_the_others(
    how: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    simulator.settings(dns=None)
    shared = {"link_domain": "go.acorn-links.example", "state": "pending"}
    for number in range(2):
        sending = "d%d.acorn.example" % number
        profile = simulator.seed(
            profile_name="p%d" % number, sending_domain=sending, bounce_domain="bounce." + sending, **shared
        )
    records = [
        dict(record, value="l%s.example.net" % number) if record["name"] == shared["link_domain"] else record
        for record in profile["dns_records"]
    ]
    simulator.patch(profile["profile_id"], dns_records=records)
    simulator.settings(dns=dns.address)
    seed(simulator, dns, 2, "pending", publish=how == "manual")
    if how == "heal":
        run = heal(ansible, dns)
    else:
        wanted = [{"profile_name": "p%d" % n, "sending_domain": "d%d.acorn.example" % n} for n in range(3)]
        run = ansible.role(list=wanted, **{**settings(dns), "dns_provider": how})
    assert [profile["state"] for profile in simulator.profiles()] == ["pending", "pending", "active"], run.output
    assert "d0." not in content(dns) and "d1." not in content(dns)
    if how == "heal":
        assert "only one CNAME record" in results(run)["d0.acorn.example"]["todo"]
    assert (run.returncode == 0) is (how == "manual")
