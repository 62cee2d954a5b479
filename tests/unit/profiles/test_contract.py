# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the service's DNS records are accepted."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._contract import unexpected_records

PROFILE = {
    "sending_domain": "hello.example.com",
    "link_domain": "go.example.com",
    "bounce_domain": "bounce.hello.example.com",
}
SPF = "v=spf1 include:amazonses.com ~all"
TOKEN = "4ewMcIYic7jCen+qREXsi2j1lBQqT+pVN6WlR6YlMPU="


def record(name: str, type_: str, value: str) -> dict[str, Any]:
    return {"name": name, "type": type_, "value": value, "validation_state": "pending"}


RIGHT = [
    record("1h09YTLxhfFx7RivB3QmrH7WaJ9._domainkey.hello.example.com", "CNAME", "1h09YTLxhfFx.dkim.smtpd.dev"),
    record("1h09YaQg3pLnAGsb1MHhkZN3RNA._domainkey.hello.example.com", "CNAME", "1h09YaQg3pLn.dkim.smtpd.dev"),
    record("_amazonses.hello.example.com", "TXT", TOKEN),
    record("_amazonses.bounce.hello.example.com", "TXT", TOKEN),
    record("bounce.hello.example.com", "MX", "feedback-smtp.us-east-1.amazonses.com"),
    record("bounce.hello.example.com", "TXT", SPF),
    record("_amazonses.go.example.com", "TXT", TOKEN),
    record("go.example.com", "CNAME", "l.smtpdgo.com"),
]


def names(
    records: list[dict[str, Any]], profile: dict[str, Any] | None = None, requested: dict[str, Any] | None = None
) -> list[str]:
    found = unexpected_records(records, PROFILE if profile is None else profile, requested or {})
    assert all(item["reason"].endswith(".") for item in found)
    return [item["name"] for item in found]


def test_the_contracts_records_are_accepted() -> None:
    assert names(RIGHT) == []


@pytest.mark.parametrize("spelling", [str.upper, lambda name: name + "."])
def test_case_and_a_trailing_dot_do_not_matter(spelling: Any) -> None:
    assert names([dict(item, name=spelling(item["name"])) for item in RIGHT]) == []


@pytest.mark.parametrize(
    "name, type_, value",
    [
        ("_acme-challenge.example.com", "TXT", TOKEN),
        ("_acme-challenge.hello.example.com", "TXT", TOKEN),
        ("_dmarc.example.com", "TXT", "v=DMARC1; p=none"),
        ("_dmarc.hello.example.com", "TXT", "v=DMARC1; p=none"),
        ("_domainkey.hello.example.com", "CNAME", "x.dkim.smtpd.dev"),
        ("*._domainkey.hello.example.com", "CNAME", "x.dkim.smtpd.dev"),
        ("a.b._domainkey.hello.example.com", "CNAME", "x.dkim.smtpd.dev"),
        ("x._domainkey.example.com", "CNAME", "x.dkim.smtpd.dev"),
        ("x._domainkey.hello.example.com", "TXT", "v=DKIM1; p=abc"),
        ("x._domainkey.hello.example.com", "CNAME", "not a host"),
        ("example.com", "TXT", TOKEN),
        ("example.com", "MX", "mx.example.net"),
        ("hello.example.com", "TXT", TOKEN),
        ("hello.example.com", "MX", "mx.example.net"),
        ("hello.example.com", "CNAME", "l.smtpdgo.com"),
        ("*.example.com", "CNAME", "l.smtpdgo.com"),
        ("*.go.example.com", "CNAME", "l.smtpdgo.com"),
        ("shop.example.com", "CNAME", "l.smtpdgo.com"),
        ("shop.go.example.com", "CNAME", "l.smtpdgo.com"),
        ("shop.example.org", "CNAME", "l.smtpdgo.com"),
        ("xgo.example.com", "CNAME", "l.smtpdgo.com"),
        ("go.example.com", "TXT", TOKEN),
        ("go.example.com", "MX", "mx.example.net"),
        ("go.example.com", "A", "192.0.2.1"),
        ("go.example.com", "NS", "ns.example.net"),
        ("bounce.hello.example.com", "CNAME", "l.smtpdgo.com"),
        ("bounce.hello.example.com", "TXT", TOKEN),
        ("bounce.hello.example.com", "TXT", "v=spf1 +all"),
        ("bounce.hello.example.com", "TXT", "v=spf1 include:amazonses.com all"),
        ("bounce.hello.example.com", "TXT", "v=spf1 ip4:0.0.0.0/0 -all"),
        ("bounce.hello.example.com", "TXT", "v=spf1 include:amazonses.com ip6:::/0 ~all"),
        ("bounce.hello.example.com", "TXT", "v=spf1 redirect=example.net"),
        ("bounce.hello.example.com", "TXT", "v=spf1 exists:%{i}.example.net -all"),
        ("bounce.hello.example.com", "TXT", "v=spf1 include:%{i}.example.net -all"),
        ("bounce.hello.example.com", "TXT", "v=spf1 include:amazonses.com +all ~all"),
        ("bounce.hello.example.com", "TXT", "v=spf1" + " include:amazonses.com" * 11 + " ~all"),
        ("bounce.hello.example.com", "TXT", '"v=spf1 include:amazonses.com " "+all"'),
        ("bounce.hello.example.com", "TXT", "v=spf1"),
        ("_amazonses.hello.example.com", "TXT", "x" * 256),
        ("_amazonses.hello.example.com", "TXT", "v=spf1 -all"),
        ("_amazonses.hello.example.com", "TXT", "two\nlines"),
        ("_amazonses.hello.example.com", "CNAME", "l.smtpdgo.com"),
        ("$INCLUDE /etc/passwd", "TXT", TOKEN),
    ],
)
def test_everything_else_is_unexpected(name: str, type_: str, value: str) -> None:
    assert names([record(name, type_, value)]) == [name]
    assert names([*RIGHT, record(name, type_, value)]) == [name]


@pytest.mark.parametrize("known", [item for item in RIGHT if "_domainkey" not in item["name"]])
def test_a_second_value_is_unexpected_where_the_contract_has_one(known: dict[str, Any]) -> None:
    other = dict(known, value=known["value"].replace("m", "n").replace("+", "/"))
    assert other != known
    assert names([*RIGHT, other]) == [known["name"]]
    assert names([*RIGHT, known]) == [], "the same record twice is one record"


@pytest.mark.parametrize(
    "spf",
    ["v=spf1 include:amazonses.com -all", "V=SPF1 +include:a.example.net include:B.example.net. ?ALL", '"%s"' % SPF],
)
def test_spf_records_of_the_contracts_form_are_accepted(spf: str) -> None:
    assert names([record("bounce.hello.example.com", "TXT", spf)]) == []


def test_the_service_cannot_fill_a_zone_with_dkim_records() -> None:
    keys = [record("k%d._domainkey.hello.example.com" % number, "CNAME", "k.dkim.smtpd.dev") for number in range(11)]
    assert names(keys[:10] + keys[:10]) == []
    assert names(keys) == ["k10._domainkey.hello.example.com"]


def test_the_domains_that_were_requested_count_more_than_those_that_the_service_tells() -> None:
    told = dict(PROFILE, link_domain="shop.example.com")
    moved = [dict(item, name=item["name"].replace("go.example.com", "shop.example.com")) for item in RIGHT]
    assert names(moved, told) == []
    assert names(moved, told, {"link_domain": "go.example.com"}) == ["_amazonses.shop.example.com", "shop.example.com"]


def test_a_domain_that_nobody_names_is_the_contracts_default() -> None:
    profile = {"sending_domain": "hello.example.com", "link_domain": None}
    assert names(RIGHT, profile) == []
    assert names([record("shop.example.com", "CNAME", "l.smtpdgo.com")], profile) == ["shop.example.com"]


def test_the_default_link_domain_of_a_domain_below_a_top_level_domain_is_below_it() -> None:
    profile = {"sending_domain": "example.com"}
    assert names([record("go.example.com", "CNAME", "l.smtpdgo.com")], profile) == []
    assert names([record("go.com", "CNAME", "l.smtpdgo.com")], profile) == ["go.com"]


@pytest.mark.parametrize("domain", ["*.example.com", "_dmarc.example.com", "_acme-challenge.example.com", "com"])
def test_what_is_no_domain_of_its_own_is_nobodys(domain: str) -> None:
    assert names([record(domain, "CNAME", "l.smtpdgo.com")], dict(PROFILE, link_domain=domain)) == [domain]


def test_the_top_of_a_zone_gets_what_the_contract_has_where_it_is_the_profiles_own_domain() -> None:
    profile = dict(PROFILE, bounce_domain="example.com")
    assert names([record("example.com", "MX", "feedback-smtp.us-east-1.amazonses.com")], profile) == []
    assert names([record("example.com", "TXT", TOKEN)], profile) == ["example.com"]


def test_one_domain_can_have_two_parts() -> None:
    profile = dict(PROFILE, bounce_domain="hello.example.com")
    tokens = [record("_amazonses.hello.example.com", "TXT", value) for value in (TOKEN, "another")]
    assert names([*tokens, record("hello.example.com", "TXT", SPF)], profile) == []
