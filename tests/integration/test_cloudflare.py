# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""smtpd_dns_records with the class of octoDNS for Cloudflare, and its API as a test server has it."""

from __future__ import annotations

import copy
from typing import Any, Iterator

import pytest

from tests.support.cloudflare import CloudflareServer
from tests.support.inprocess import run_module

ZONE = "acorn.example"
LINK = "go." + ZONE
BOUNCE = "bounce.mail." + ZONE
TARGET = "l.smtpdgo.com"
SPF_VALUE = "v=spf1 include:amazonses.com ~all"

CNAME = {"name": LINK, "type": "CNAME", "value": TARGET}
MX = {"name": BOUNCE, "type": "MX", "value": "feedback-smtp.us-east-1.amazonses.com"}
SPF = {"name": BOUNCE, "type": "TXT", "value": SPF_VALUE}
BY_HAND = {"comment": "by hand", "tags": ["team:web"]}


@pytest.fixture
def cloudflare() -> Iterator[CloudflareServer]:
    with CloudflareServer(ZONE) as server:
        server.add(ZONE, "A", "192.0.2.1", proxied=True)
        yield server


def publish(server: CloudflareServer, *records: dict[str, str], **options: Any) -> dict[str, Any]:
    provider, secrets = server.octodns_provider()
    arguments = {"records": list(records), "provider": provider, "provider_secrets": secrets, "zones": [ZONE]}
    return run_module("smtpd_dns_records", **{**arguments, **options})


def codes(result: dict[str, Any]) -> list[str]:
    assert "conflicts" in result, result["msg"]
    return [conflict["code"] for conflict in result["conflicts"]]


def test_records_are_published_and_removed(cloudflare: CloudflareServer) -> None:
    before = copy.deepcopy(cloudflare.records)
    assert publish(cloudflare, CNAME, MX, SPF)["changed"]
    assert [one["proxied"] for one in cloudflare.called(LINK, "CNAME")] == [False]
    assert not publish(cloudflare, CNAME, MX, SPF)["changed"]
    assert publish(cloudflare, CNAME, MX, SPF, state="absent")["changed"]
    assert cloudflare.records == before


def test_a_proxied_cname_is_a_conflict(cloudflare: CloudflareServer) -> None:
    cloudflare.add(LINK, "CNAME", TARGET, proxied=True)
    before = copy.deepcopy(cloudflare.records)
    result = publish(cloudflare, CNAME)
    assert codes(result) == ["proxied"] and "Switch the proxy off" in result["msg"]
    assert cloudflare.records == before


def test_the_proxy_is_switched_off_on_demand_and_nothing_else(cloudflare: CloudflareServer) -> None:
    record = cloudflare.add(LINK, "CNAME", TARGET, proxied=True, **BY_HAND)
    expected = dict(record, proxied=False)
    result = publish(cloudflare, CNAME, conflict="replace")
    assert [one["action"] for one in result["records"]] == ["updated"]
    assert cloudflare.called(LINK, "CNAME") == [expected]
    assert not publish(cloudflare, CNAME)["changed"]


def test_a_proxied_cname_to_elsewhere_is_replaced_on_demand(cloudflare: CloudflareServer) -> None:
    cloudflare.add(LINK, "CNAME", "shop.example.net", proxied=True)
    assert codes(publish(cloudflare, CNAME)) == ["cname_target"]
    assert publish(cloudflare, CNAME, conflict="replace")["changed"]
    (record,) = cloudflare.called(LINK, "CNAME")
    assert (record["content"], record["proxied"]) == (TARGET, False)


def test_a_proxied_cname_of_ours_can_be_removed(cloudflare: CloudflareServer) -> None:
    cloudflare.add(LINK, "CNAME", TARGET, proxied=True)
    assert publish(cloudflare, CNAME, state="absent")["changed"]
    assert not cloudflare.called(LINK, "CNAME")


def test_a_text_that_joins_others_does_not_write_them_and_has_no_comment_of_theirs(
    cloudflare: CloudflareServer,
) -> None:
    other = copy.deepcopy(cloudflare.add(BOUNCE, "TXT", '"site-verification=1"', ttl=600, **BY_HAND))
    publish(cloudflare, SPF)
    assert [method for method, _record in cloudflare.writes] == ["POST"]
    first, ours = cloudflare.called(BOUNCE, "TXT")
    assert first == other
    assert (ours["content"], ours["comment"], ours["tags"]) == ('"%s"' % SPF_VALUE, None, [])


def test_merging_spf_writes_that_record_alone_and_keeps_its_comment_and_tags(cloudflare: CloudflareServer) -> None:
    contents = ['"site-verification=1"', '"v=spf1 ip4:192.0.2.1 -all"', "bare text"]
    for number, content in enumerate(contents):
        more = {"comment": "number %d" % number, "tags": ["n:%d" % number], "ttl": 600 + number}
        cloudflare.add(BOUNCE, "TXT", content, **more)
    expected = copy.deepcopy(cloudflare.called(BOUNCE, "TXT"))
    expected[1]["content"] = '"v=spf1 ip4:192.0.2.1 include:amazonses.com -all"'
    assert publish(cloudflare, SPF, spf="merge")["changed"]
    assert [method for method, _record in cloudflare.writes] == ["PUT"]
    assert cloudflare.called(BOUNCE, "TXT") == expected


def test_removing_one_of_several_texts_does_not_write_the_others(cloudflare: CloudflareServer) -> None:
    cloudflare.add(BOUNCE, "TXT", '"site-verification=1"', **BY_HAND)
    before = copy.deepcopy(cloudflare.records)
    cloudflare.add(BOUNCE, "TXT", '"%s"' % SPF_VALUE)
    assert publish(cloudflare, SPF, state="absent")["changed"]
    assert [method for method, _record in cloudflare.writes] == ["DELETE"]
    assert cloudflare.records == before


@pytest.mark.parametrize("name", [ZONE, LINK, "x." + LINK, "mail." + ZONE])
@pytest.mark.parametrize(
    ("type_", "content"),
    [
        ("OPENPGPKEY", "bWlsa3kgd2F5"),
        ("CERT", "1 2 3 bWlsa3kgd2F5"),
        ("HTTPS", '1 . alpn="h2,h3" ipv4hint=192.0.2.1'),
        ("SVCB", "not parsable at all"),
        ("CAA", "without its data"),
    ],
)
def test_a_record_that_octodns_cannot_read_stops_nothing(
    type_: str, content: str, name: str, cloudflare: CloudflareServer
) -> None:
    cloudflare.add(name, type_, content)
    before = copy.deepcopy(cloudflare.records)
    assert publish(cloudflare, MX, SPF)["changed"]
    result = publish(cloudflare, CNAME)
    assert codes(result) if name == LINK else result["changed"], result
    assert [cloudflare.records[key] for key in before] == list(before.values())
