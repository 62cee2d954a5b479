# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking before a profile is created, by C(ansible -m smtpd.email.smtpd_preflight_info), at a real name server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer

DOMAINS = {
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn-links.example",
    "bounce_domain": "bounce.mail.acorn.example",
}


def examine(ansible: Ansible, dns: BindServer, **options: Any) -> dict[str, Any]:
    return ansible.module("smtpd_preflight_info", **{**DOMAINS, "nameservers": [dns.address], **options})


def codes(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(finding["severity"], finding["code"]) for finding in result["findings"]}


def test_names_that_are_free_are_fine(ansible: Ansible, dns: BindServer) -> None:
    dns.add("_dmarc.acorn.example", "TXT", '"v=DMARC1; p=none"')
    result = examine(ansible, dns)
    assert (result["ok"], result["findings"], result["changed"]) == (True, [], False)


def test_what_speaks_against_them_is_said_all_together(ansible: Ansible, dns: BindServer) -> None:
    dns.add("bounce.mail.acorn.example", "MX", "10 mx.example.net.")
    dns.add("go.acorn-links.example", "TXT", '"text"')
    result = examine(ansible, dns)
    assert result["ok"] is False
    assert codes(result) == {
        ("error", "bounce_domain_receives_mail"),
        ("error", "link_domain_in_use"),
        ("warning", "no_dmarc"),
    }


def test_the_top_of_a_zone_can_be_no_link_domain(ansible: Ansible, dns: BindServer) -> None:
    assert ("error", "link_domain_at_apex") in codes(examine(ansible, dns, link_domain="acorn-links.example"))


def test_what_cannot_be_looked_up_is_only_a_warning(ansible: Ansible, dns: BindServer) -> None:
    result = examine(ansible, dns, sending_domain="mail.elsewhere.example", nameservers=["127.0.0.1:1"], timeout=0.2)
    assert result["ok"] is True
    assert codes(result) == {("warning", "no_answer")}


def test_several_profiles_are_looked_at_in_one_run(ansible: Ansible, dns: BindServer) -> None:
    profiles = [{"profile_name": "p", "sending_domain": "d%d.acorn.example" % number} for number in range(3)]
    result = ansible.ad_hoc(
        "smtpd_preflight_info", profiles=profiles, nameservers=[dns.address], dmarc="v=DMARC1; p=none"
    )
    assert [item["domain"] for item in result["dmarc"]] == ["d0.acorn.example", "d1.acorn.example", "d2.acorn.example"]
    assert [record["fqdn"] for record in result["dns_records"]] == [
        "_dmarc.d0.acorn.example.",
        "_dmarc.d1.acorn.example.",
        "_dmarc.d2.acorn.example.",
    ]


@pytest.mark.parametrize(
    "options, named",
    [
        ({"timeout": 0}, "timeout"),
        ({"nameservers": ["a b"]}, "nameservers[0]"),
        ({"dmarc": "p=none"}, "dmarc"),
        ({"profiles": [{"sending_domain": "mail.acorn.example"}]}, "mutually exclusive"),
    ],
)
def test_bad_input_is_told_by_its_option(
    options: dict[str, Any], named: str, ansible: Ansible, dns: BindServer
) -> None:
    result = examine(ansible, dns, **options)
    assert result["failed"] and named in result["msg"]


# Wildcards and DNAMEs

WILDCARDS = [
    ("*.acorn-links.example", "CNAME", "elsewhere.example.net."),
    ("*.acorn-links.example", "A", "192.0.2.1"),
    ("*.acorn-links.example", "MX", "10 mx.example.net."),
    ("*.acorn-links.example", "TXT", '"text"'),
    ("*.mail.acorn.example", "CNAME", "elsewhere.example.net."),
    ("*.mail.acorn.example", "A", "192.0.2.1"),
    ("*.mail.acorn.example", "TXT", '"v=spf1 mx -all"'),
    ("*.acorn.example", "CNAME", "elsewhere.example.net."),
    ("*.acorn.example", "A", "192.0.2.1"),
    ("*.acorn.example", "TXT", '"text"'),
    ("*.acorn.example", "MX", "10 mx.example.net."),
]


@pytest.mark.parametrize(("name", "type_", "value"), WILDCARDS)
def test_what_only_a_wildcard_answers_is_in_nobodys_way(
    name: str, type_: str, value: str, ansible: Ansible, dns: BindServer
) -> None:
    dns.add(name, type_, value)
    result = examine(ansible, dns)
    assert result["ok"] is True, result["findings"]
    assert {severity for severity, _code in codes(result)} == {"warning"}


@pytest.mark.parametrize(
    ("name", "type_", "value", "code"),
    [
        ("go.acorn-links.example", "CNAME", "elsewhere.example.net.", "link_domain_in_use"),
        ("go.acorn-links.example", "A", "192.0.2.1", "link_domain_in_use"),
        ("bounce.mail.acorn.example", "CNAME", "elsewhere.example.net.", "bounce_domain_in_use"),
        ("bounce.mail.acorn.example", "MX", "10 mx.example.net.", "bounce_domain_receives_mail"),
    ],
)
def test_a_stored_record_is_found_next_to_a_wildcard_of_the_same_value(
    name: str, type_: str, value: str, code: str, ansible: Ansible, dns: BindServer
) -> None:
    dns.add("*." + name.partition(".")[2], type_, value)
    dns.add(name, type_, value)
    assert ("error", code) in codes(examine(ansible, dns))


def test_a_stored_record_is_found_above_a_wildcard_of_the_same_value(ansible: Ansible, dns: BindServer) -> None:
    for name in ("go.acorn-links.example", "*.go.acorn-links.example"):
        dns.add(name, "A", "192.0.2.1")
    assert ("error", "link_domain_in_use") in codes(examine(ansible, dns))


def test_a_wildcard_applies_to_names_far_below_it_but_not_below_existing_ones(
    ansible: Ansible, dns: BindServer
) -> None:
    dns.add("*.acorn-links.example", "A", "192.0.2.1")
    dns.add("known.acorn-links.example", "TXT", '"text"')
    for link in ("a.b.c.acorn-links.example", "a.known.acorn-links.example"):
        assert examine(ansible, dns, link_domain=link)["ok"] is True
    assert ("error", "link_domain_in_use") in codes(examine(ansible, dns, link_domain="known.acorn-links.example"))


@pytest.mark.parametrize(
    ("wildcard", "domain"),
    [("*.acorn.example", "mail.acorn.example"), ("*.mail.acorn.example", DOMAINS["bounce_domain"])],
)
def test_mail_that_a_wildcard_receives_is_a_warning(
    wildcard: str, domain: str, ansible: Ansible, dns: BindServer
) -> None:
    dns.add(wildcard, "MX", "10 mx.example.net.")
    found = [one for one in examine(ansible, dns)["findings"] if one["code"] == "wildcard_mx"]
    assert domain in {one["domain"] for one in found}
    assert all("mx.example.net" in one["message"] and wildcard in one["message"] for one in found)


@pytest.mark.parametrize(("type_", "value"), [("A", "192.0.2.1"), ("CNAME", "www.example.net.")])
def test_an_address_that_the_sending_domain_is_going_to_lose_is_a_warning(
    type_: str, value: str, ansible: Ansible, dns: BindServer
) -> None:
    dns.add("*.acorn.example", type_, value)
    (finding,) = [one for one in examine(ansible, dns)["findings"] if one["code"] == "wildcard_ends"]
    assert finding["domain"] == "mail.acorn.example" and value.rstrip(".") in finding["message"]


@pytest.mark.parametrize(
    ("owner", "domains"),
    [
        ("sub.acorn-links.example", {"link_domain": "go.sub.acorn-links.example"}),
        ("mail.acorn.example", {"bounce_domain": "bounce.mail.acorn.example", "sending_domain": "acorn.example"}),
        ("sub.acorn.example", {"sending_domain": "mail.sub.acorn.example", "bounce_domain": "b.acorn-links.example"}),
        ("mail.acorn.example", {"sending_domain": "mail.acorn.example", "bounce_domain": "b.acorn-links.example"}),
    ],
)
def test_nothing_can_be_published_below_a_dname(
    owner: str, domains: dict[str, str], ansible: Ansible, dns: BindServer
) -> None:
    dns.add(owner, "DNAME", "elsewhere.example.net.")
    found = codes(examine(ansible, dns, **domains))
    assert {code for severity, code in found if severity == "error"} == {"below_dname"}


def test_a_name_that_only_looks_like_one_below_a_dname_is_none(ansible: Ansible, dns: BindServer) -> None:
    dns.add("sub.acorn-links.example", "DNAME", "elsewhere.example.net.")
    assert examine(ansible, dns, link_domain="othersub.acorn-links.example")["ok"] is True


def test_a_profile_is_created_where_a_wildcard_answers_for_all_of_its_domains(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    for zone in ("acorn.example", "acorn-links.example"):
        dns.add("*." + zone, "CNAME", "elsewhere.example.net.")
    result = ansible.module("smtpd_sending_profile", **WANTED, preflight=True, nameservers=[dns.address], wait=False)
    assert (result["failed"], len(simulator.profiles())) == (False, 1), result["msg"]


# By the modules that create

WANTED = {"profile_name": "p", **DOMAINS}


@pytest.mark.parametrize("flags", [(), ("--check",)])
def test_nothing_is_created_where_something_speaks_against_it(
    flags: tuple[str, ...], ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    dns.add("go.acorn-links.example", "A", "192.0.2.1")
    result = ansible.module("smtpd_sending_profile", *flags, **WANTED, preflight=True, nameservers=[dns.address])
    assert result["failed"] and result["msg"].startswith("The profile is not created, because preflight")
    assert ("error", "link_domain_in_use") in codes(result)
    assert simulator.profiles() == []


@pytest.mark.parametrize("flags", [(), ("--check",)])
def test_of_many_only_the_one_that_could_not_work_is_not_created(
    flags: tuple[str, ...], ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    # The last two share domains: what is said of the one is not said of the other.
    domains = {"sending_domain": "acorn.example", "link_domain": "go.acorn.example"}
    wanted = [
        WANTED,
        {"profile_name": "q", "sending_domain": "q.acorn.example", "link_domain": "acorn.example"},
        {"profile_name": "r", **domains, "bounce_domain": "bounce.acorn.example"},
        {"profile_name": "s", **domains, "bounce_domain": "go.acorn.example"},
    ]
    result = ansible.module(
        "smtpd_sending_profiles", *flags, profiles=wanted, preflight=True, nameservers=[dns.address]
    )
    assert [item["failed"] for item in result["results"]] == [False, True, False, True], result["msg"]
    assert "such as go.acorn.example" in result["results"][1]["msg"] and result["failed"]
    assert "link_domain and bounce_domain are the same" in result["results"][3]["msg"]
    assert [profile["profile_name"] for profile in simulator.profiles()] == ([] if flags else ["p", "r"])


def test_warnings_do_not_stop_the_creation(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    result = ansible.module("smtpd_sending_profile", **WANTED, preflight=True, nameservers=[dns.address], wait=False)
    assert result["changed"] is True and codes(result) == {("warning", "no_dmarc")}


# Public suffixes


@pytest.mark.parametrize("suffix", ["co.uk", "github.io"])
def test_a_profile_is_not_created_for_a_public_suffix(
    suffix: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    wanted = {**WANTED, "sending_domain": suffix}
    result = ansible.module("smtpd_sending_profile", **wanted, preflight=True, nameservers=[dns.address], wait=False)
    assert result["failed"] and "%s is a public suffix" % suffix in result["msg"]
    assert simulator.profiles() == []
