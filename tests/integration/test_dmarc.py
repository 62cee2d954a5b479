# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DMARC records as receivers find and read them (RFC 7489, DMARCbis), on a real name server."""

from __future__ import annotations

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer

DOMAIN, OWN, ABOVE = "mail.acorn.example", "_dmarc.mail.acorn.example", "_dmarc.acorn.example"
HOSTED = "acorn.hosted.acorn-links.example"
REJECT, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=none"
ROLE = {
    "name": "newsletter",
    "sending_domain": DOMAIN,
    "link_domain": "go.acorn-links.example",
    "bounce_domain": "bounce.mail.acorn.example",
}


def examine(ansible: Ansible, dns: BindServer, domain: str = DOMAIN, **options: Any) -> dict[str, Any]:
    given = {"sending_domain": domain, "nameservers": [dns.address], **options}
    return ansible.module("smtpd_preflight_info", **given)


def codes(result: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in result["findings"]}


def settings(dns: BindServer) -> dict[str, Any]:
    provider, secrets = dns.octodns_provider()
    return {
        "dns_provider": "octodns",
        "dns_octodns": provider,
        "dns_octodns_secrets": secrets,
        "dns_zones": ["acorn.example", "acorn-links.example"],
        "dns_nameservers": [dns.address],
        "wait_timeout": 20,
        "wait_interval": 0.2,
    }


def dmarc_lines(dns: BindServer) -> list[str]:
    return [line for line in dns.zone_text("acorn.example").splitlines() if line.startswith("_dmarc.")]


# A CNAME at _dmarc


@pytest.mark.parametrize("name", [OWN, ABOVE])
def test_a_record_behind_a_cname_counts(name: str, ansible: Ansible, dns: BindServer) -> None:
    dns.add(name, "CNAME", "first.acorn.example.")
    dns.add("first.acorn.example", "CNAME", HOSTED + ".")
    dns.add(HOSTED, "TXT", '"%s"' % REJECT)
    result = examine(ansible, dns, dmarc=NONE)
    (item,) = result["dmarc"]
    assert (item["known"], item["name"], item["record"], item["policy"]) == (True, name, REJECT, "reject")
    assert result["dns_records"] == []
    assert codes(examine(ansible, dns)) == set()


@pytest.mark.parametrize("name", [OWN, ABOVE])
def test_a_cname_without_a_record_behind_it_is_reported_and_left_alone(
    name: str, ansible: Ansible, dns: BindServer
) -> None:
    dns.add(name, "CNAME", HOSTED + ".")
    result = examine(ansible, dns, dmarc=NONE)
    assert codes(result) == {"dmarc_cname"} and result["dns_records"] == []
    assert HOSTED in result["findings"][0]["message"]


def test_a_cname_that_leads_in_a_circle_is_not_known(ansible: Ansible, dns: BindServer) -> None:
    dns.add(OWN, "CNAME", "one.acorn.example.")
    dns.add("one.acorn.example", "CNAME", "two.acorn-links.example.")
    dns.add("two.acorn-links.example", "CNAME", "one.acorn.example.")
    result = examine(ansible, dns, dmarc=NONE)
    assert result["dmarc"][0]["known"] is False and result["dns_records"] == []
    assert codes(result) == {"dmarc_unknown"}


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, None])
def test_a_cname_whose_target_gives_no_answer_is_not_known(
    rcode: int | None, ansible: Ansible, simulator: Simulator
) -> None:
    def respond(query: dns.message.Message) -> dns.message.Message | None:
        name = query.question[0].name.to_text()
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        if name == OWN + ".":
            response.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", HOSTED + "."))
        elif name == HOSTED + ".":
            if rcode is None:
                return None
            response.set_rcode(rcode)
        return response

    with OddServer(respond) as odd:
        options = {"nameservers": [odd.address], "dmarc": NONE, "timeout": 0.5}
        result = ansible.module("smtpd_preflight_info", sending_domain=DOMAIN, **options)
    assert result["dmarc"][0]["known"] is False and result["dns_records"] == []
    assert codes(result) == {"dmarc_unknown"}


def test_a_server_that_gives_no_answer_is_reported_where_a_record_is_asked_for(
    ansible: Ansible, dns: BindServer
) -> None:
    result = examine(ansible, dns, "mail.elsewhere.example", dmarc=NONE, dmarc_override=True)
    assert result["dmarc"][0]["known"] is False and result["dns_records"] == []
    assert codes(result) == {"no_answer", "dmarc_unknown"}


def test_a_resolver_follows_a_cname_too(ansible: Ansible, dns: BindServer) -> None:
    dns.add(ABOVE, "CNAME", HOSTED + ".")
    dns.add(HOSTED, "TXT", '"%s"' % REJECT)
    with BindServer(zones=[], forward_to=dns) as resolver:
        result = examine(ansible, resolver)
    assert (result["dmarc"][0]["record"], result["findings"]) == (REJECT, [])


@pytest.mark.parametrize("target", [".", r"a\.b\032c.acorn-links.example.", "x" * 63 + "." + "y" * 63 + ".example."])
def test_whatever_a_cname_points_to_is_reported(target: str, ansible: Ansible, dns: BindServer) -> None:
    dns.add(OWN, "CNAME", target)
    result = examine(ansible, dns, dmarc=NONE)
    assert result["failed"] is False and result["dns_records"] == []
    assert codes(result) in ({"dmarc_unknown"}, {"dmarc_cname"})


def test_a_long_chain_of_cnames_is_not_known(ansible: Ansible, dns: BindServer) -> None:
    dns.add(OWN, "CNAME", "c0.acorn.example.")
    for number in range(20):
        dns.add("c%d.acorn.example" % number, "CNAME", "c%d.acorn.example." % (number + 1))
    result = examine(ansible, dns, dmarc=NONE)
    assert result["dmarc"][0]["known"] is False and codes(result) == {"dmarc_unknown"}


def test_a_wildcard_cname_without_a_record_behind_it_is_nobodys_dmarc(ansible: Ansible, dns: BindServer) -> None:
    dns.add("*.acorn.example", "CNAME", "web.acorn-links.example.")
    dns.add("web.acorn-links.example", "A", "192.0.2.1")
    result = examine(ansible, dns, dmarc=NONE)
    assert [record["fqdn"] for record in result["dns_records"]] == [OWN + "."]


@pytest.mark.parametrize("conflict", ["fail", "replace"])
def test_the_module_never_replaces_a_cname_by_a_dmarc_record(conflict: str, ansible: Ansible, dns: BindServer) -> None:
    dns.add(OWN, "CNAME", HOSTED + ".")
    result = publish(ansible, dns, NONE, conflict=conflict)
    assert result["failed"] and "dmarc_cname" in {item["code"] for item in result["conflicts"]}
    assert dmarc_lines(dns) == ["%s. 300 IN CNAME %s." % (OWN, HOSTED)]


@pytest.mark.parametrize("conflict", ["fail", "replace"])
def test_the_module_never_adds_a_second_dmarc_record(conflict: str, ansible: Ansible, dns: BindServer) -> None:
    dns.add(OWN, "TXT", '"%s"' % REJECT)
    result = publish(ansible, dns, NONE, conflict=conflict)
    assert result["failed"] and "second_dmarc" in {item["code"] for item in result["conflicts"]}
    assert publish(ansible, dns, REJECT)["changed"] is False
    assert dmarc_lines(dns) == ['%s. 300 IN TXT "%s"' % (OWN, REJECT)]


def publish(ansible: Ansible, dns: BindServer, text: str, **options: Any) -> dict[str, Any]:
    provider, secrets = dns.octodns_provider()
    return ansible.module(
        "smtpd_dns_records",
        records=[{"name": OWN, "type": "TXT", "value": text}],
        provider=provider,
        provider_secrets=secrets,
        zones=["acorn.example"],
        **options,
    )


# Which record counts


@pytest.mark.parametrize(
    ("records", "domain", "policy"),
    [
        ({"_dmarc.a.b.acorn.example": REJECT}, "a.b.acorn.example", "reject"),
        ({"_dmarc.b.acorn.example": REJECT}, "a.b.acorn.example", "reject"),
        ({"_dmarc.b.acorn.example": "v=DMARC1; p=none; psd=n", ABOVE: REJECT}, "a.b.acorn.example", "reject"),
        ({"_dmarc.b.acorn.example": "v=DMARC1; p=reject; psd=n", ABOVE: NONE}, "a.b.acorn.example", "reject"),
        ({"_dmarc.b.acorn.example": NONE, ABOVE: REJECT}, "a.b.acorn.example", "reject"),
        ({ABOVE: "v=DMARC1; p=reject; sp=quarantine"}, DOMAIN, "quarantine"),
        ({ABOVE: "v=DMARC1; p=reject; sp=none; np=quarantine"}, DOMAIN, "quarantine"),
        ({ABOVE: "v=DMARC1; p=none; sp=reject"}, "acorn.example", "none"),
        ({OWN: "v=DMARC1; rua=mailto:a@acorn.example"}, DOMAIN, "none"),
        ({OWN: "v=DMARC1; p=reject; sp=rejct; rua=mailto:a@acorn.example"}, DOMAIN, "none"),
        ({OWN: "v=dmarc1; p=none", ABOVE: REJECT}, DOMAIN, "reject"),
    ],
)
def test_the_policy_in_force_is_that_of_receivers(
    records: dict[str, str], domain: str, policy: str, ansible: Ansible, dns: BindServer
) -> None:
    for name, text in records.items():
        dns.add(name, "TXT", '"%s"' % text)
    result = examine(ansible, dns, domain, dmarc=NONE)
    assert (result["dmarc"][0]["known"], result["dmarc"][0]["policy"]) == (True, policy)
    assert result["dns_records"] == []


def test_np_counts_only_for_a_domain_without_addresses_and_mail_servers(ansible: Ansible, dns: BindServer) -> None:
    dns.add(ABOVE, "TXT", '"v=DMARC1; p=none; np=reject"')
    dns.add(DOMAIN, "A", "192.0.2.1")
    assert examine(ansible, dns)["dmarc"][0]["policy"] == "none"


# What receivers ignore


@pytest.mark.parametrize(
    ("texts", "code", "named"),
    [
        ([REJECT, NONE], "dmarc_multiple", "2 DMARC records"),
        (["v=DMARC1"], "dmarc_invalid", "tag p"),
        (["v=DMARC1; p=rejct"], "dmarc_invalid", "tag p"),
        (["v=dmarc1; p=reject"], "dmarc_invalid", "tag v"),
        (["v=DMARC1 p=reject"], "dmarc_invalid", "tag v"),
        (["v=DMARC1; p=reject; p=none"], "dmarc_invalid", "tag p"),
        (["v=DMARC1; p=reject; sp=rejct"], "dmarc_invalid", "tag sp"),
        (["v=DMARC1; p=reject; pct=500"], "dmarc_invalid", "tag pct"),
        (["v=DMARC1; p=reject; rua=a@acorn.example"], "dmarc_invalid", "tag rua"),
    ],
)
@pytest.mark.parametrize("name", [OWN, ABOVE])
def test_what_receivers_ignore_is_reported_and_nothing_is_published_over_it(
    name: str, texts: list[str], code: str, named: str, ansible: Ansible, dns: BindServer
) -> None:
    for text in texts:
        dns.add(name, "TXT", '"%s"' % text)
    result = examine(ansible, dns, dmarc=REJECT)
    (finding,) = result["findings"]
    assert (finding["code"], finding["severity"]) == (code, "warning")
    assert name in finding["message"] and named in finding["message"]
    assert result["dns_records"] == []


# What a user asks to publish


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("v=DMARC1; p=none; p=reject", "tag p"),
        ("v=DMARC1; p=none; rua=dmarc@acorn.example", "tag rua"),
        ("v=DMARC1; p=none; pct=500", "tag pct"),
        ("v=DMARC1; p=none; sp=rejct", "tag sp"),
        ("v=DMARC1; p=none; adkim=x", "tag adkim"),
        ("p=none", "tag v"),
    ],
)
def test_a_record_with_an_error_is_rejected_by_each_module(
    text: str, tag: str, ansible: Ansible, dns: BindServer
) -> None:
    result = examine(ansible, dns, dmarc=text)
    assert result["failed"] and result["msg"].startswith("dmarc: ") and tag in result["msg"]
    result = publish(ansible, dns, text)
    # Without v=DMARC1, it is just a text.
    assert (result["failed"] and "records[0].value: " in result["msg"] and tag in result["msg"]) or tag == "tag v"


def test_the_role_rejects_it_before_anything_is_created(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**ROLE, **settings(dns), dmarc="v=DMARC1; p=none; p=reject; rua=a@acorn.example")
    assert run.returncode != 0 and "sending_profile_dmarc: tag p: it is given 2 times" in run.output
    assert simulator.requests(method="POST") == []


# Never weaker


@pytest.mark.parametrize(
    ("above", "wanted", "is_weaker"),
    [
        (REJECT, NONE, True),
        (REJECT, "v=DMARC1; p=quarantine", True),
        (REJECT, "v=DMARC1; p=reject; pct=20", True),
        (REJECT, "v=DMARC1; p=reject; t=y", True),
        (REJECT, REJECT, False),
        ("v=DMARC1; p=reject; sp=none", NONE, False),
        (NONE, REJECT, False),
    ],
)
def test_a_weaker_policy_is_reported_and_not_published(
    above: str, wanted: str, is_weaker: bool, ansible: Ansible, dns: BindServer
) -> None:
    dns.add(ABOVE, "TXT", '"%s"' % above)
    result = examine(ansible, dns, dmarc=wanted)
    assert codes(result) == ({"dmarc_weaker"} if is_weaker else set()) and result["dns_records"] == []
    result = examine(ansible, dns, dmarc=wanted, dmarc_override=True)
    assert codes(result) == set() and [record["value"] for record in result["dns_records"]] == [wanted]


def test_a_record_at_the_domain_itself_is_not_overridden(ansible: Ansible, dns: BindServer) -> None:
    dns.add(OWN, "TXT", '"%s"' % REJECT)
    assert examine(ansible, dns, dmarc=NONE, dmarc_override=True)["dns_records"] == []


def test_the_role_never_weakens_a_policy_behind_a_cname(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    dns.add(ABOVE, "CNAME", HOSTED + ".")
    dns.add(HOSTED, "TXT", '"%s"' % REJECT)
    before = dmarc_lines(dns)
    run = ansible.role(**ROLE, **settings(dns), dns_conflict="replace", dmarc=NONE)
    assert run.returncode == 0, run.output
    assert dmarc_lines(dns) == before == ["%s. 300 IN CNAME %s." % (ABOVE, HOSTED)]
    assert "policy in force: reject" in "".join(run.of("Show why a DMARC record is not published")["msg"])


def test_the_role_weakens_it_where_it_is_told_to(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    dns.add(ABOVE, "TXT", '"%s"' % REJECT)
    run = ansible.role(**ROLE, **settings(dns), dmarc=NONE, dmarc_override=True)
    assert run.returncode == 0, run.output
    assert '%s. 3600 IN TXT "%s"' % (OWN, NONE) in dmarc_lines(dns)
