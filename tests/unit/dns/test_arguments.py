# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of other DNS modules: their forms, what is there already, and bad input."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._dns_arguments import dns_arguments
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError

AZURE, CLOUDFLARE = "azure.azcollection.azure_rm_dnsrecordset", "community.general.cloudflare_dns"
HETZNER, NSUPDATE, ROUTE53 = "community.dns.hetzner_dns_record", "community.general.nsupdate", "amazon.aws.route53"

TEXT = {"name": "T.mail.example.com", "type": "TXT", "value": "v=DMARC1; a,b"}
LONG = {"name": "mail.example.com", "type": "TXT", "value": "k" * 300}
LINK = {"name": "Go.example.com", "type": "CNAME", "value": "L.smtpdgo.com"}
MX = {"name": "mail.example.com", "type": "MX", "value": "feedback-smtp.us-east-1.amazonses.com"}
SPF = {"name": "mail.example.com", "type": "TXT", "value": "v=spf1 include:amazonses.com ~all"}
HOST = "feedback-smtp.us-east-1.amazonses.com"


def arguments(
    record: dict[str, Any], fqcn: str, existing: Optional[Any] = None, zone: str = "example.com"
) -> dict[str, Any]:
    (item,) = dns_arguments([record], fqcn, [zone, "com"], existing=existing)[0]
    return item


@pytest.mark.parametrize(
    ("fqcn", "record", "wanted"),
    [
        (NSUPDATE, TEXT, {"zone": "example.com", "record": "t.mail.example.com.", "value": ['"v=DMARC1; a,b"']}),
        (NSUPDATE, LONG, {"value": ['"%s" "%s"' % ("k" * 255, "k" * 45)]}),
        (NSUPDATE, LINK, {"record": "go.example.com.", "value": ["l.smtpdgo.com."]}),
        (NSUPDATE, MX, {"value": ["10 %s." % HOST]}),
        (ROUTE53, TEXT, {"zone": "example.com", "record": "t.mail.example.com", "value": ['"v=DMARC1; a,b"']}),
        (ROUTE53, LINK, {"value": ["l.smtpdgo.com."], "overwrite": False, "state": "present"}),
        (
            CLOUDFLARE,
            TEXT,
            {"zone": "example.com", "record": "t.mail.example.com", "value": "v=DMARC1; a,b", "solo": False},
        ),
        (CLOUDFLARE, LINK, {"value": "l.smtpdgo.com", "proxied": False}),
        (CLOUDFLARE, MX, {"value": HOST, "priority": 10}),
        (HETZNER, TEXT, {"zone_name": "example.com", "value": "v=DMARC1; a,b", "txt_transformation": "unquoted"}),
        (HETZNER, LINK, {"record": "go.example.com", "value": "l.smtpdgo.com."}),
        (HETZNER, MX, {"value": "10 %s." % HOST}),
        (AZURE, TEXT, {"relative_name": "t.mail", "records": [{"entry": ["v=DMARC1; a,b"]}], "record_mode": "append"}),
        (AZURE, LONG, {"records": [{"entry": ["k" * 255, "k" * 45]}]}),
        (AZURE, LINK, {"records": [{"entry": "l.smtpdgo.com"}], "record_mode": "purge"}),
        (AZURE, MX, {"records": [{"preference": 10, "entry": HOST}]}),
    ],
)
def test_a_record_is_in_the_form_that_the_module_wants(
    fqcn: str, record: dict[str, Any], wanted: dict[str, Any]
) -> None:
    item = arguments(record, fqcn)
    assert {name: item[name] for name in wanted} == wanted


@pytest.mark.parametrize("fqcn, apex", [(AZURE, ("relative_name", "@")), (NSUPDATE, ("record", "mail.example.com."))])
def test_a_record_at_the_top_of_its_zone(fqcn: str, apex: tuple[str, str]) -> None:
    assert arguments(SPF, fqcn, zone="mail.example.com")[apex[0]] == apex[1]


@pytest.mark.parametrize("fqcn", [NSUPDATE, ROUTE53, AZURE])
def test_records_of_one_name_and_type_are_one_set(fqcn: str) -> None:
    items, _warning = dns_arguments([TEXT, {**TEXT, "value": "other"}, TEXT], fqcn, ["example.com"])
    assert [len(item.get("value") or item["records"]) for item in items] == [2]


@pytest.mark.parametrize(
    ("existing", "there"),
    [
        ([{"name": "mail.example.com", "type": "TXT", "value": "x, y", "ttl": 77}], '"x, y"'),
        (
            [{**TEXT, "name": "mail.example.com", "existing": [{"type": "TXT", "value": '"x" "y"', "ttl": 77}]}],
            '"x" "y"',
        ),
        (
            [{"name": "mail.example.com.", "type": "TXT", "ttl": 77, "resource_records": [{"value": r'"\303\274"'}]}],
            r'"\303\274"',
        ),
    ],
)
@pytest.mark.parametrize("fqcn", [NSUPDATE, ROUTE53])
def test_what_is_there_stays_to_the_letter_with_its_ttl(fqcn: str, existing: list[dict[str, Any]], there: str) -> None:
    item = arguments(SPF, fqcn, existing)
    assert (set(item["value"]), item["ttl"]) == ({there, '"%s"' % SPF["value"]}, 77)
    assert item.get("overwrite", True)


def test_records_that_tell_what_is_there_need_nothing_beside() -> None:
    record = {**SPF, "existing": [{"type": "TXT", "value": '"x"', "ttl": 77}]}
    assert arguments(record, NSUPDATE)["value"] == ['"v=spf1 include:amazonses.com ~all"', '"x"']
    assert dns_arguments([record], NSUPDATE, ["example.com"])[1] == ""


@pytest.mark.parametrize(
    "fqcn, warns", [(NSUPDATE, True), (CLOUDFLARE, True), (AZURE, True), (ROUTE53, False), (HETZNER, False)]
)
def test_it_warns_where_something_could_be_lost_because_nobody_has_looked(fqcn: str, warns: bool) -> None:
    assert bool(dns_arguments([LINK, MX], fqcn, ["example.com"])[1]) is warns
    assert not dns_arguments([LINK, MX], fqcn, ["example.com"], existing=[])[1]


def test_an_spf_record_that_says_it_already_is_left_alone() -> None:
    there = {**SPF, "value": "v=spf1 mx include:amazonses.com -all"}
    assert dns_arguments([SPF], NSUPDATE, ["example.com"], existing=[there])[0] == []


def test_an_mx_record_with_another_preference_is_left_as_it_is() -> None:
    assert arguments(MX, NSUPDATE, [{**MX, "value": "20 %s." % HOST}])["value"] == ["20 %s." % HOST]


@pytest.mark.parametrize(
    ("record", "there", "reason"),
    [
        (LINK, {**LINK, "value": "shop.example.net"}, "The name points elsewhere"),
        (
            LINK,
            {"name": "go.example.com", "type": "A", "value": "192.0.2.1"},
            "A CNAME can have no other records beside it",
        ),
        (MX, {**MX, "value": "10 mx.example.net"}, "There must be no other MX record"),
        (MX, {**LINK, "name": MX["name"]}, "The name is a CNAME"),
        (SPF, {**SPF, "value": "v=spf1 mx -all"}, "A second SPF record"),
        (
            LINK,
            {"name": "go.example.com", "type": "A", "alias_target": {}, "ttl": None},
            "A CNAME can have no other records",
        ),
        (MX, {**MX, "set_identifier": "a", "resource_records": []}, "a routing policy"),
    ],
)
@pytest.mark.parametrize("fqcn", [NSUPDATE, ROUTE53, CLOUDFLARE, HETZNER, AZURE])
def test_what_is_in_the_way_is_an_error(fqcn: str, record: dict[str, Any], there: dict[str, Any], reason: str) -> None:
    with pytest.raises(SmtpdError, match=reason):
        arguments(record, fqcn, [there])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fqcn": "community.general.nsupdat"}, "fqcn: 'community.general.nsupdat' is not supported: only amazon.aws"),
        ({"zones": "example.com"}, "zones: is no list"),
        ({"zones": ["example.org"]}, "no zone for mail.example.com. The zones known are: example.org"),
        ({"records": [{"name": "mail.example.com"}]}, r"records\[0\].type: is missing"),
        ({"records": ["text"]}, r"records\[0\]: 'text' is no dictionary"),
        ({"ttl": "soon"}, "ttl: 'soon' is no number of seconds"),
        ({"ttl": True}, "ttl: True is no number of seconds"),
        ({"existing": [{"name": "mail.example.com", "type": "TXT"}]}, r"existing\[0\].value: is missing"),
        ({"existing": [{**SPF, "validation_state": "pending"}]}, r"existing\[0\]: .* is wanted, not one that is there"),
        (
            {"existing": [{**SPF, "existing": None, "message": "Timeout."}]},
            "existing: it is not known .*: no certain answer. Timeout",
        ),
        ({"existing": [{**TEXT, "existing": []}]}, "existing: it is not known what is at mail.example.com. TXT"),
    ],
)
def test_bad_input_is_named(changed: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"records": [SPF], "fqcn": NSUPDATE, "zones": ["example.com"], **changed}
    with pytest.raises(SmtpdError, match=message):
        dns_arguments(**given)
