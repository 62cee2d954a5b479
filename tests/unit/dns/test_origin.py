# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are not stored at the name: wildcards and DNAMEs, as smtpd_dns_info diagnoses them on real servers."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._dns_origin import (
    made_up_label,
    names_above,
    origins_of,
    probes,
    strangers,
)
from tests.support.bind import BindServer
from tests.support.knot import KnotServer
from tests.support.name_server import NameServer
from tests.support.powerdns import PowerDnsServer

Run = Callable[..., dict[str, Any]]

LINK = ("go.sub.example.net", "CNAME", "l.smtpdgo.com")
MX = ("bounce.example.com", "MX", "feedback-smtp.us-east-1.amazonses.com")
SPF = ("bounce.example.com", "TXT", "v=spf1 include:amazonses.com ~all")
TOKEN = ("_amazonses.mail.example.com", "TXT", "token")


def only(result: dict[str, Any]) -> dict[str, Any]:
    (record,) = result["records"]
    return record


def verdict(record: dict[str, Any]) -> tuple[str, str | None]:
    return record["status"], record["diagnosis"]


# Wildcards


@pytest.mark.parametrize(
    ("record", "wildcard", "type_", "value", "found"),
    [
        (LINK, "*.sub.example.net", "CNAME", "www.example.org.", "www.example.org."),
        (LINK, "*.example.net", "CNAME", "www.example.org.", "www.example.org."),
        (LINK, "*.example.net", "A", "192.0.2.1", None),
        (MX, "*.example.com", "MX", "10 mx.example.org.", "10 mx.example.org."),
        (MX, "*.example.com", "CNAME", "www.example.org.", "CNAME www.example.org."),
        (SPF, "*.example.com", "TXT", '"v=spf1 mx -all"', '"v=spf1 mx -all"'),
        (SPF, "*.example.com", "TXT", '"text"', None),
        (TOKEN, "*.example.com", "TXT", '"text"', '"text"'),
    ],
)
def test_what_only_a_wildcard_answers_is_a_missing_record(
    record: tuple[str, str, str], wildcard: str, type_: str, value: str, found: str, look: Run, bind: BindServer
) -> None:
    bind.add(wildcard, type_, value)
    answered = only(look(record))
    assert verdict(answered) == ("missing", "wildcard")
    assert wildcard in answered["message"] and "Publish the record" in answered["message"]
    assert answered["found"] == ([found] if found else [])
    # Whoever writes whole record sets must not copy the wildcard's values into them.
    assert answered["existing"] == []


@pytest.mark.parametrize(
    ("record", "type_", "value", "diagnosis"),
    [
        (LINK, "CNAME", "www.example.org.", "wrong_value"),
        (LINK, "A", "192.0.2.1", "cname_conflict"),
        (MX, "MX", "10 mx.example.org.", "wrong_value"),
        (MX, "CNAME", "www.example.org.", "cname_conflict"),
    ],
)
def test_a_stored_record_with_the_value_of_the_wildcard_is_in_the_way(
    record: tuple[str, str, str], type_: str, value: str, diagnosis: str, look: Run, bind: BindServer
) -> None:
    bind.add("*." + record[0].partition(".")[2], type_, value)
    bind.add(record[0], type_, value)
    answered = only(look(record))
    assert verdict(answered) == ("mismatch", diagnosis) and answered["existing"] != []


def test_a_wildcard_with_the_right_value_is_right(look: Run, bind: BindServer) -> None:
    bind.add("*.example.net", "CNAME", "l.smtpdgo.com.")
    assert verdict(only(look(LINK))) == ("present", None)


def test_a_stored_record_takes_precedence(look: Run, bind: BindServer) -> None:
    bind.add("*.example.net", "CNAME", "www.example.org.")
    bind.add(LINK[0], "CNAME", "l.smtpdgo.com.")
    assert verdict(only(look(LINK))) == ("present", None)


def test_a_record_that_is_missing_below_an_existing_name_is_just_missing(look: Run, bind: BindServer) -> None:
    bind.add("*.example.net", "CNAME", "www.example.org.")
    bind.add("sub.example.net", "TXT", '"text"')
    assert verdict(only(look(LINK))) == ("missing", "missing")


def test_a_name_with_its_zone_doubled_that_only_a_wildcard_answers_is_none(look: Run, bind: BindServer) -> None:
    bind.add("*.example.com", "MX", "10 feedback-smtp.us-east-1.amazonses.com.")
    bind.add(MX[0], "TXT", '"text"')
    assert verdict(only(look(MX))) == ("missing", "missing")


def test_an_extra_value_of_a_wildcard_is_not_in_the_way(look: Run, bind: BindServer) -> None:
    bind.add("*.example.com", "MX", "10 mx.example.org.", "10 feedback-smtp.us-east-1.amazonses.com.")
    assert verdict(only(look(MX))) == ("missing", "wildcard")


def test_one_server_with_a_wildcard_and_one_with_the_record_are_partial(look: Run, bind: BindServer) -> None:
    bind.add("*.example.net", "CNAME", "www.example.org.")
    with BindServer({"example.net": "go.sub CNAME l.smtpdgo.com.\n"}) as other:
        record = only(look(LINK, nameservers=[bind.address, other.address]))
    assert record["status"] == "partial" and "the wildcard *.example.net." in record["message"]


# DNAMEs


@pytest.mark.parametrize(
    "record", [LINK, ("a.b.sub.example.net", "MX", "mx.example.org"), ("x.sub.example.net", "TXT", "x")]
)
def test_a_name_below_a_dname_is_told(record: tuple[str, str, str], look: Run, bind: BindServer) -> None:
    bind.add("sub.example.net", "DNAME", "other.example.com.")
    answered = only(look(record))
    assert verdict(answered) == ("missing", "below_dname")
    assert "sub.example.net." in answered["message"] and "RFC 6672" in answered["message"]
    assert answered["existing"] == []


def test_a_cname_to_where_no_dname_leads_is_stored(look: Run, bind: BindServer) -> None:
    bind.add("other.example.net", "DNAME", "www.example.org.")
    bind.add(LINK[0], "CNAME", "www.example.org.")
    assert verdict(only(look(LINK))) == ("mismatch", "wrong_value")


# Other name servers


@pytest.fixture(params=[KnotServer, PowerDnsServer], ids=["Knot", "PowerDNS"])
def other_server(request: pytest.FixtureRequest) -> Iterator[NameServer]:
    zone = "*.wild CNAME www.example.org.\nstored.wild CNAME www.example.org.\n"
    with request.param({"example.net": zone}) as server:
        yield server


def test_other_name_servers_are_understood_too(look: Run, other_server: NameServer) -> None:
    names = ("go.wild.example.net", "a.b.wild.example.net", "stored.wild.example.net")
    result = look(*((name, "CNAME", "l.smtpdgo.com") for name in names), nameservers=[other_server.address])
    assert [record["diagnosis"] for record in result["records"]] == ["wildcard", "wildcard", "wrong_value"]


# Deciding

HERE = {"CNAME": ("www.example.org.",)}


def decided(answers: dict[tuple[str, str], tuple[str, ...]]) -> Any:
    return origins_of("go.a.example.net", HERE, "x1", answers)


def test_names_above_a_name_begin_at_the_nearest() -> None:
    assert names_above("go.a.Example.net") == ["a.example.net.", "example.net.", "net."]


def test_made_up_names_are_below_the_name_and_next_to_it() -> None:
    assert strangers("go.a.example.net", "x1") == ("x1.go.a.example.net.", "x1.a.example.net.")
    assert made_up_label() != made_up_label()


def test_each_type_that_was_found_is_asked_for() -> None:
    asked = probes("go.example.net", {"MX": ("10 mx.example.org.",)}, "x1")
    assert asked == [(name, "MX") for name in ("x1.go.example.net.", "x1.example.net.", "*.example.net.", "*.net.")]
    assert ("example.net.", "DNAME") in probes("go.example.net", HERE, "x1")


BELOW, BESIDE = ("x1.go.a.example.net.", "CNAME"), ("x1.a.example.net.", "CNAME")
SAME, OTHER = HERE["CNAME"], ("other.example.org.",)


@pytest.mark.parametrize(
    ("answers", "wildcard"),
    [
        ({BELOW: SAME, BESIDE: SAME, ("*.a.example.net.", "CNAME"): SAME}, "*.a.example.net."),
        (
            {BELOW: SAME, BESIDE: SAME, ("*.a.example.net.", "CNAME"): SAME, ("*.example.net.", "CNAME"): SAME},
            "*.example.net.",
        ),
        # A server that makes up answers without a wildcard.
        ({BELOW: SAME, BESIDE: SAME}, "*.a.example.net."),
        ({BELOW: SAME, BESIDE: ()}, None),
        ({BELOW: (), BESIDE: SAME}, None),
        ({BELOW: OTHER, BESIDE: OTHER}, None),
        ({}, None),
    ],
)
def test_a_wildcard_answers_the_same_for_made_up_names(
    answers: dict[tuple[str, str], tuple[str, ...]], wildcard: str | None
) -> None:
    assert decided(answers).wildcards.get("CNAME") == wildcard


@pytest.mark.parametrize(
    ("owner", "target", "dname"),
    [
        ("a.example.net.", "www.example.org.", None),
        ("example.net.", "example.org.", None),
        ("a.example.net.", "example.org", None),
    ],
)
def test_a_dname_counts_only_if_the_name_is_redirected_by_it(owner: str, target: str, dname: str | None) -> None:
    assert decided({(owner, "DNAME"): (target,)}).dname == dname


def test_the_owner_of_the_dname_is_named() -> None:
    found = {"CNAME": ("go.a.example.org.",)}
    assert origins_of("go.a.example.net", found, "x1", {("example.net.", "DNAME"): ("Example.org.",)}).dname == (
        "example.net."
    )
