# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of kinds that only one provider has, on a real PowerDNS and on Route 53 as moto has it."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.support.inprocess import run_module
from tests.support.moto import MotoServer
from tests.support.powerdns import PowerDnsServer

ZONE = "acorn.example"
LINK = "go." + ZONE
BOUNCE = "bounce.mail." + ZONE
CLOUDFRONT = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": False}
SPF_VALUE = "v=spf1 include:amazonses.com ~all"

CNAME = {"name": LINK, "type": "CNAME", "value": "l.smtpdgo.com"}
MX = {"name": BOUNCE, "type": "MX", "value": "feedback-smtp.us-east-1.amazonses.com"}
SPF = {"name": BOUNCE, "type": "TXT", "value": SPF_VALUE}


def publish(server: Any, *records: dict[str, str], **options: Any) -> dict[str, Any]:
    provider, secrets = server.octodns_provider()
    arguments = {"records": list(records), "provider": provider, "provider_secrets": secrets, "zones": [ZONE]}
    return run_module("smtpd_dns_records", **{**arguments, **options})


def codes(result: dict[str, Any]) -> list[str]:
    assert "conflicts" in result, result["msg"]
    return [conflict["code"] for conflict in result["conflicts"]]


@pytest.fixture(scope="module")
def running_powerdns() -> Iterator[PowerDnsServer]:
    with PowerDnsServer(zones=[ZONE]) as server:
        yield server


@pytest.fixture
def powerdns(running_powerdns: PowerDnsServer) -> PowerDnsServer:
    running_powerdns.reset()
    return running_powerdns


@pytest.fixture
def route53(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoServer]:
    with MotoServer(zones=[ZONE]) as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


# Route 53


@pytest.mark.parametrize("name", [ZONE, "mail." + ZONE, "x." + LINK, "x." + BOUNCE, "*." + ZONE])
def test_an_alias_of_route_53_at_another_name_is_let_be(name: str, route53: MotoServer) -> None:
    for type_ in ("A", "AAAA"):
        route53.add_set(name, type_, AliasTarget=CLOUDFRONT)
    before = [one for one in route53.sets(ZONE) if "AliasTarget" in one]
    assert publish(route53, CNAME, MX, SPF, conflict="replace")["changed"]
    assert not publish(route53, CNAME, MX, SPF)["changed"]
    assert [one for one in route53.sets(ZONE) if "AliasTarget" in one] == before


def test_texts_are_published_beside_an_alias_at_the_apex(route53: MotoServer) -> None:
    route53.add_set(ZONE, "A", AliasTarget=CLOUDFRONT)
    assert publish(route53, dict(SPF, name=ZONE), dict(MX, name=ZONE))["changed"]


def test_an_alias_of_route_53_is_in_the_way_of_a_cname(route53: MotoServer) -> None:
    route53.add_set(LINK, "A", AliasTarget=CLOUDFRONT)
    result = publish(route53, CNAME)
    assert codes(result) == ["cname_beside_others"]
    assert "d1.cloudfront.net" in result["conflicts"][0]["found"][0]


@pytest.mark.parametrize("record", [MX, SPF])
@pytest.mark.parametrize("type_", ["own", "CNAME"])
def test_an_alias_that_answers_for_the_type_is_in_the_way(
    type_: str, record: dict[str, str], route53: MotoServer
) -> None:
    target = {"HostedZoneId": route53.zone_id(ZONE), "DNSName": "other." + ZONE, "EvaluateTargetHealth": False}
    route53.add_set(BOUNCE, record["type"] if type_ == "own" else type_, AliasTarget=target)
    before = route53.sets(ZONE)
    assert codes(publish(route53, record, conflict="replace")) == ["provider_record"]
    assert route53.sets(ZONE) == before


@pytest.mark.parametrize("record", [CNAME, MX, SPF])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_set_with_a_routing_policy_is_not_taken_for_the_record(
    state: str, record: dict[str, str], route53: MotoServer
) -> None:
    values = {"CNAME": "%s.", "MX": "10 %s.", "TXT": '"%s"'}
    for identifier, value in (("1", values[record["type"]] % record["value"]), ("2", "10 other.example.net.")):
        route53.add_set(
            record["name"],
            record["type"],
            SetIdentifier=identifier,
            Weight=10,
            TTL=300,
            ResourceRecords=[{"Value": value}],
        )
    before = route53.sets(ZONE)
    assert "dynamic" in codes(publish(route53, record, conflict="replace", state=state))
    assert route53.sets(ZONE) == before


# PowerDNS


@pytest.mark.parametrize("name", [ZONE, "mail." + ZONE, "x." + LINK, "x." + BOUNCE, "*." + ZONE])
@pytest.mark.parametrize("type_", ["A", "TXT"])
def test_a_lua_record_at_another_name_is_let_be(type_: str, name: str, powerdns: PowerDnsServer) -> None:
    content = {"A": "A \"ifportup(443, {'192.0.2.1'})\"", "TXT": 'TXT "os.date()"'}[type_]
    powerdns.replace_set(ZONE, name, "LUA", {"content": content})
    before = powerdns.api_set(ZONE, name, "LUA")
    assert publish(powerdns, CNAME, MX, SPF, conflict="replace")["changed"]
    assert not publish(powerdns, CNAME, MX, SPF, conflict="replace")["changed"]
    assert before and powerdns.api_set(ZONE, name, "LUA") == before


def test_a_lua_record_is_in_the_way_of_a_cname(powerdns: PowerDnsServer) -> None:
    powerdns.replace_set(ZONE, LINK, "LUA", {"content": "A \"ifportup(443, {'192.0.2.1'})\""})
    result = publish(powerdns, CNAME)
    assert codes(result) == ["cname_beside_others"]
    assert "ifportup" in result["conflicts"][0]["found"][0]


@pytest.mark.parametrize(("type_", "code"), [("TXT", "provider_record"), ("CNAME", "provider_record"), ("A", None)])
def test_a_lua_record_is_in_the_way_of_what_it_answers_for(type_: str, code: str, powerdns: PowerDnsServer) -> None:
    powerdns.replace_set(ZONE, BOUNCE, "LUA", {"content": "%s \"'x.example.net.'\"" % type_})
    result = publish(powerdns, SPF)
    assert codes(result) == [code] if code else result["changed"]


@pytest.mark.parametrize(
    ("type_", "content"),
    [("RP", "a.example.net. b.example.net."), ("HINFO", '"x" "y"'), ("DNAME", "other.example.net.")],
)
def test_a_record_of_a_type_that_octodns_skips_is_in_the_way_of_a_cname(
    type_: str, content: str, powerdns: PowerDnsServer
) -> None:
    powerdns.replace_set(ZONE, LINK, type_, {"content": content})
    before = powerdns.zone_text(ZONE)
    result = publish(powerdns, CNAME, conflict="replace")
    assert codes(result) == ["unreadable"] and content in result["conflicts"][0]["found"][0]
    assert powerdns.zone_text(ZONE) == before
    assert publish(powerdns, MX, SPF)["changed"]


def test_nothing_is_published_below_a_dname(powerdns: PowerDnsServer) -> None:
    powerdns.replace_set(ZONE, "mail." + ZONE, "DNAME", {"content": "other.example.net."})
    assert codes(publish(powerdns, SPF)) == ["delegated"]


RDATA = {"CNAME": "%s.", "MX": "10 %s.", "TXT": '"%s"'}


@pytest.mark.parametrize("record", [CNAME, MX, SPF])
def test_a_disabled_record_is_published(record: dict[str, str], powerdns: PowerDnsServer) -> None:
    content = RDATA[record["type"]] % record["value"]
    powerdns.replace_set(ZONE, record["name"], record["type"], {"content": content, "disabled": True})
    result = publish(powerdns, record)
    assert [one["action"] for one in result["records"]] == ["created"], result
    records = powerdns.api_set(ZONE, record["name"], record["type"])["records"]
    assert [(one["content"], one["disabled"]) for one in records] == [(content, False)]
    assert content in powerdns.zone_text(ZONE)
    assert not publish(powerdns, record)["changed"]


@pytest.mark.parametrize("type_", ["A", "TXT", "NS", "DNAME", "LUA"])
def test_a_disabled_record_is_not_in_the_way_and_stays(type_: str, powerdns: PowerDnsServer) -> None:
    content = {"A": "192.0.2.1", "TXT": '"x"', "NS": "ns.example.net.", "DNAME": "example.net.", "LUA": 'A "x"'}[type_]
    powerdns.replace_set(ZONE, LINK, type_, {"content": content, "disabled": True})
    before = powerdns.api_set(ZONE, LINK, type_)
    assert publish(powerdns, CNAME)["changed"]
    assert before and powerdns.api_set(ZONE, LINK, type_) == before


def test_disabled_values_and_comments_of_a_set_stay_when_it_is_written(powerdns: PowerDnsServer) -> None:
    comment = {"content": "by hand", "account": "ann", "modified_at": 1700000000}
    records = [{"content": '"one"'}, {"content": '"two"', "disabled": True}]
    powerdns.replace_set(ZONE, BOUNCE, "TXT", *records, comments=[comment])
    before = powerdns.api_set(ZONE, BOUNCE, "TXT")
    assert publish(powerdns, SPF)["changed"]
    after = powerdns.api_set(ZONE, BOUNCE, "TXT")
    assert after["comments"] == [comment]
    assert [one for one in before["records"] if one not in after["records"]] == []
    assert publish(powerdns, SPF, state="absent")["changed"]
    assert powerdns.api_set(ZONE, BOUNCE, "TXT") == before


def test_a_disabled_value_stays_when_all_others_are_removed(powerdns: PowerDnsServer) -> None:
    powerdns.replace_set(ZONE, BOUNCE, "TXT", {"content": '"%s"' % SPF_VALUE}, {"content": '"x"', "disabled": True})
    assert publish(powerdns, SPF, state="absent")["changed"]
    left = powerdns.api_set(ZONE, BOUNCE, "TXT")["records"]
    assert [(one["content"], one["disabled"]) for one in left] == [('"x"', True)]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_disabled_cname_to_elsewhere_is_not_lost(check_mode: bool, powerdns: PowerDnsServer) -> None:
    powerdns.replace_set(ZONE, LINK, "CNAME", {"content": "shop.example.net.", "disabled": True})
    before = powerdns.api_set(ZONE, LINK, "CNAME")
    result = publish(powerdns, CNAME, MX, conflict="replace", check_mode=check_mode)
    assert "has a disabled one there, to shop.example.net." in result["msg"] and not result["changed"]
    assert powerdns.api_set(ZONE, LINK, "CNAME") == before


def test_a_disabled_cname_is_not_in_the_way_of_other_types(powerdns: PowerDnsServer) -> None:
    powerdns.replace_set(ZONE, BOUNCE, "CNAME", {"content": "shop.example.net.", "disabled": True})
    before = powerdns.api_set(ZONE, BOUNCE, "CNAME")
    assert publish(powerdns, MX, SPF)["changed"]
    assert powerdns.api_set(ZONE, BOUNCE, "CNAME") == before


# Names


def test_names_and_zones_may_be_internationalised() -> None:
    with PowerDnsServer(zones=["xn--bcher-kva.example"]) as server:
        records = [
            {"name": "go.Bücher.example", "type": "CNAME", "value": "l.bücher.example"},
            {"name": "_amazonses.bücher.example", "type": "TXT", "value": "x"},
        ]
        assert publish(server, *records, zones=["BÜCHER.example"])["changed"]
        assert not publish(server, *records, zones=["xn--bcher-kva.example"])["changed"]
        assert "go.xn--bcher-kva.example. 3600 IN CNAME l.xn--bcher-kva.example." in server.zone_text(
            "xn--bcher-kva.example"
        )
